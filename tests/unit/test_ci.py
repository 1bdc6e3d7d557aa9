"""A run of CI reports what it leaves behind, and its own failures."""

import os
import shutil
import subprocess
import sys

import pytest

from learnflow_infra import paths

FOLDER = paths.repo_root() / ".ci"


def leftovers(home):
    env = {**os.environ, "LEARNFLOW_HOME": str(home)}
    done = subprocess.run(
        [FOLDER / "leftovers"], env=env, capture_output=True, text=True, check=True
    )
    return [line for line in done.stdout.splitlines() if str(home) in line]


def test_only_processes_of_the_folder_are_listed(tmp_path):
    assert leftovers(tmp_path) == []
    program = [sys.executable, "-c", "input()", f"{tmp_path}/clusters/x"]
    with subprocess.Popen(program, stdin=subprocess.PIPE) as process:
        (line,) = leftovers(tmp_path)
        assert line.startswith(f"process {process.pid} ")
        process.communicate(b"\n")
    assert leftovers(tmp_path) == []


@pytest.fixture
def checkout(tmp_path):
    """A checkout with CI's own scripts, and targets of make that do what a test says."""
    shutil.copytree(FOLDER, tmp_path / "c/.ci")

    def run(**targets):
        wanted = {"deploy": "true", "test": "true", "cluster-delete": "true", **targets}
        lines = [f"{name}: ; @{command}" for name, command in wanted.items()]
        (tmp_path / "c/Makefile").write_text("\n".join(lines) + "\n")
        return subprocess.run(
            [tmp_path / "c/.ci/run"], capture_output=True, text=True, check=False, timeout=60
        )

    return run


def test_a_successful_run_exits_with_0_and_removes_its_folder(checkout, tmp_path):
    done = checkout(deploy="echo $$LEARNFLOW_HOME >folder")
    assert done.returncode == 0, done.stderr
    folder = (tmp_path / "c/folder").read_text().strip()
    assert folder.startswith("/")
    assert not os.path.lexists(folder)


@pytest.mark.parametrize("target", ["deploy", "test", "cluster-delete"])
def test_a_failing_target_fails_the_run(checkout, target):
    assert checkout(**{target: "false"}).returncode != 0


def test_leftovers_fail_the_run(checkout):
    done = checkout(test="setsid sh -c 'sleep 3; : '$$XDG_DATA_HOME/x >/dev/null 2>&1 &")
    assert done.returncode == 1
    assert "This was left behind:\nprocess " in done.stderr
