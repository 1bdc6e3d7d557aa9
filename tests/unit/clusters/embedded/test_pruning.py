"""Which old builds leave the cache."""

import os
import shutil
import subprocess
import time

import pytest

from learnflow_infra.clusters.embedded.images import pruning

OLD = time.time() - 31 * 86400
KEYS = ("0123456789abcdef", "fedcba9876543210", "00000000aaaaaaaa")


@pytest.fixture(autouse=True)
def _as_root(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)


def programs(folder, key, *, used):
    path = folder / key
    path.mkdir()
    shutil.copy("/bin/sleep", path / "hyperkube")
    (path / "kubectl").symlink_to("hyperkube")
    os.utime(path, (used, used))
    return path


def archive(folder, name, *, used):
    path = folder / name
    path.write_text("")
    os.utime(path, (used, used))
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_builds_of_other_keys_are_removed_after_a_month(tmp_path):
    current = programs(tmp_path, KEYS[0], used=OLD)
    programs(tmp_path, KEYS[1], used=OLD)
    programs(tmp_path, KEYS[2], used=time.time() - 29 * 86400)
    (tmp_path / "kubectl").symlink_to(f"{KEYS[0]}/kubectl")
    pruning.prune(current)
    assert names(tmp_path) == sorted([KEYS[0], KEYS[2], "kubectl"])
    assert current.stat().st_mtime > OLD + 86400


def test_running_programs_are_kept(tmp_path):
    current = programs(tmp_path, KEYS[0], used=OLD)
    running = programs(tmp_path, KEYS[1], used=OLD)
    with subprocess.Popen([running / "hyperkube", "60"]) as process:
        pruning.prune(current)
        assert running.exists()
        process.kill()
    pruning.prune(current)
    assert not running.exists()


def test_an_ordinary_user_removes_no_programs(tmp_path, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    current = programs(tmp_path, KEYS[0], used=OLD)
    programs(tmp_path, KEYS[1], used=OLD)
    pruning.prune(current)
    assert names(tmp_path) == sorted(KEYS[:2])


def test_only_old_archives_of_the_same_name_are_removed(tmp_path):
    current = archive(tmp_path, "kafka-0123456789.tar", used=OLD)
    for name in ("kafka-fedcba9876.tar", "kafka-ui-fedcba9876.tar", "postgresql-fedcba9876.tar"):
        archive(tmp_path, name, used=OLD)
    archive(tmp_path, "kafka-aaaaaaaaaa.tar", used=time.time())
    pruning.prune(current)
    assert names(tmp_path) == [
        "kafka-0123456789.tar",
        "kafka-aaaaaaaaaa.tar",
        "kafka-ui-fedcba9876.tar",
        "postgresql-fedcba9876.tar",
    ]
