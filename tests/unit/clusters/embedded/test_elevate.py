"""What an ordinary user's command runs as root, by a stand-in for sudo that runs its arguments."""

import json
import os
import subprocess

import pytest

from learnflow_infra.clusters import embedded
from learnflow_infra.clusters.embedded import cluster_files, elevate
from learnflow_infra.clusters.embedded.host import packages, privileges, requirements
from learnflow_infra.clusters.embedded.programs import binary, runc_build
from learnflow_infra.errors import HostError, LearnflowError
from learnflow_infra.events import StepFinished, ignore
from learnflow_infra.system.processes import SYSTEM_PATH

SUDO = '#!/bin/sh\n[ "$1" = -- ] && shift\nexec "$@"\n'
NAME = "unit-test"


def script(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def user(tmp_path, monkeypatch):
    """An ordinary user with a sudo, and the folders of this test's own."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    script(tmp_path / "bin/sudo", SUDO)
    return tmp_path


def cluster():
    cluster_files.save(
        cluster_files.Config(name=NAME, subnet="10.213.7.0/30", snapshotter="native")
    )
    return cluster_files.layout(NAME).root


def test_the_child_uses_the_users_folders_and_reports_its_events(user):
    folder, events = cluster(), []
    embedded.delete(NAME, emit=events.append)
    assert not folder.exists()
    assert events[-1] == StepFinished(step="cluster/delete")


def test_no_module_of_the_user_runs_as_root(user, monkeypatch):
    code = f"import pathlib; pathlib.Path({str(user / 'ran')!r}).touch()"
    (user / "modules").mkdir()
    (user / "modules/sitecustomize.py").write_text(code)
    (user / "json.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(user / "modules"))
    monkeypatch.chdir(user)
    folder = cluster()
    embedded.delete(NAME, emit=ignore)
    assert not folder.exists()
    assert not (user / "ran").exists()


def test_an_unknown_command_changes_nothing(user):
    folder = cluster()
    child = privileges.python(elevate.MODULE)
    request = {"command": {"command": "Destroy", "name": NAME}, "environment": dict(os.environ)}
    done = subprocess.run(
        child, input=json.dumps(request), capture_output=True, text=True, check=False
    )
    assert done.returncode == LearnflowError.exit_code
    assert "unknown command: 'Destroy'" in json.loads(done.stdout)["error"]["what"]
    assert folder.exists()


def test_roots_environment_has_a_fixed_path_and_named_variables_alone():
    user = {"HOME": "/home/a", "HTTPS_PROXY": "http://p", "PATH": "/home/a/bin", "BASH_ENV": "x"}
    own = {"SUDO_UID": "1000", "SUDO_GID": "1000", "TERM": "xterm", "PATH": "/x", "HOME": "/root"}
    assert elevate.root_environment(user, own) == {
        "PATH": SYSTEM_PATH,
        "LANG": "C.UTF-8",
        "SUDO_UID": "1000",
        "SUDO_GID": "1000",
        "HOME": "/home/a",
        "HTTPS_PROXY": "http://p",
    }


@pytest.fixture
def built():
    """Stand-ins for everything that `up` would build before it runs a program of the host."""
    if packages.missing(requirements.PROGRAMS):
        pytest.skip("the embedded cluster's packages are not installed")
    for path in (binary.folder() / "hyperkube", binary.folder() / "pause", runc_build.built()):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_no_program_of_the_user_runs_as_root(user, built):
    script(user / "bin/ip", f"#!/bin/sh\ntouch {user}/ran\necho '[]'\n")
    cluster()
    with pytest.raises(HostError, match="exists with subnet"):
        embedded.up(NAME, emit=ignore, subnet="10.99.0.0/30")
    assert not (user / "ran").exists()
