"""Two runs at once, and helm operations that somebody else has under way."""

import subprocess
import sys
import time

import pytest

from learnflow_infra import paths
from learnflow_infra.engine.request import run_lock
from learnflow_infra.errors import FoundationError, InputError, LockedError

RUN = """
import sys, time
from pathlib import Path
from learnflow_infra import paths
from learnflow_infra.engine.request import run_lock
paths.phase_dir = lambda: Path(sys.argv[1])
with run_lock.hold("ctx", "ns", "deploy"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def homes(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(paths, "phase_dir", lambda: tmp_path / "mine")


@pytest.fixture
def other(tmp_path):
    """Another checkout's run in the same namespace."""
    command = [sys.executable, "-c", RUN, str(tmp_path / "theirs"), "--set", "password=hidden"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_another_checkout_is_refused_with_the_holder_of_the_lock(other):
    with pytest.raises(LockedError) as error, run_lock.hold("ctx", "ns", "delete"):
        pass
    assert f"learnflow-infra deploy, process {other.pid}, since 20" in error.value.why
    assert str(paths.repo_root()) in error.value.why
    assert "hidden" not in str(error.value)


@pytest.mark.parametrize("where", [("ctx", "other"), ("other", "ns"), ("a/b:c", "ns")])
def test_another_namespace_or_context_is_free(other, where):
    with run_lock.hold(*where, "deploy"):
        pass


def test_one_checkout_works_on_one_namespace_at_a_time():
    with (
        run_lock.hold("ctx", "ns", "deploy"),
        pytest.raises(LockedError),
        run_lock.hold("ctx", "other", "deploy"),
    ):
        pass


def test_a_folder_that_cannot_be_written(tmp_path):
    locks = paths.data_dir() / "locks"
    locks.parent.mkdir(parents=True)
    locks.write_text("")
    with (
        pytest.raises(FoundationError, match="cannot be written"),
        run_lock.hold("c", "n", "deploy"),
    ):
        pass


def held_for(begun, **options):
    with run_lock.hold("ctx", "ns", "deploy"):
        return run_lock.held_for("ctx", "ns", begun=begun, **options)


def test_a_foreign_operation_may_run_until_helms_timeout(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    assert held_for(900.0) == 200.0
    assert held_for(699.0) == 0.0
    assert held_for(699.0, patience=600) == 299.0


def test_a_clock_that_is_behind_waits_longer(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    assert held_for(1050.0) == 350.0


def test_an_operation_of_a_killed_run_is_over(other):
    begun = time.time()
    other.kill()
    other.wait()
    assert held_for(begun) == 0


def ended_by(error):
    """When a helm operation may have begun in a run that was then ended by an error."""
    begun = []

    def run():
        with run_lock.hold("ctx", "ns", "deploy"):
            begun.append(time.time())
            raise error

    with pytest.raises(type(error)):
        run()
    return begun[0]


def interrupted():
    return ended_by(KeyboardInterrupt())


def test_an_operation_of_an_interrupted_run_is_over():
    begun = interrupted()
    interrupted()
    assert held_for(begun) == 0


def test_a_mistyped_option_begins_nothing():
    assert held_for(ended_by(InputError("There is no skill 'x'."))) > 0
    begun = interrupted()
    ended_by(InputError("There is no skill 'x'."))
    assert held_for(begun) == 0


def test_an_operation_long_after_an_interrupted_run_is_foreign(monkeypatch):
    interrupted()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + run_lock.SLACK + 60)
    assert held_for(time.time() - 5) > 0


def test_an_operation_during_this_run_is_foreign():
    assert held_for(time.time()) > 0


def test_a_run_that_ended_well_leaves_nothing_unfinished():
    begun = interrupted()
    with run_lock.hold("ctx", "ns", "deploy"):
        pass
    assert held_for(begun) > 0


def test_the_locks_of_a_context_go_with_it():
    for context in ("learnflow-a", "learnflow-ab"):
        with run_lock.hold(context, "ns", "deploy"):
            pass
    run_lock.forget("learnflow-a")
    left = [path.name for path in (paths.data_dir() / "locks").iterdir()]
    assert left == ["learnflow-ab,ns"]
    run_lock.forget("learnflow-ab")
    assert not paths.data_dir().exists()
