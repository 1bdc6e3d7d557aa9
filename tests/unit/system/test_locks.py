import subprocess
import sys

import pytest

from learnflow_infra.errors import FoundationError
from learnflow_infra.system import locks

HOLDER = """
import sys
from pathlib import Path
from learnflow_infra.system import locks
with locks.hold(Path(sys.argv[1])) as file:
    file.write("the holder")
    file.flush()
    print("held", flush=True)
    sys.stdin.read()
"""


class BusyError(Exception):
    pass


def busy():
    raise BusyError


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock until its standard input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_can_give_up(holder, tmp_path):
    with pytest.raises(BusyError), locks.hold(tmp_path / "lock", busy):
        pass
    assert (tmp_path / "lock").read_text() == "the holder"


def test_a_second_process_can_wait(holder, tmp_path):
    calls = []

    def release():
        calls.append(1)
        holder.stdin.close()

    with locks.hold(tmp_path / "lock", release):
        assert calls == [1]


def test_the_kernel_releases_the_lock_of_a_killed_holder(holder, tmp_path):
    with locks.hold(tmp_path / "lock", holder.kill):
        pass
    with locks.hold(tmp_path / "lock", busy):
        pass


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "lock"
    with pytest.raises(FoundationError, match=f"{path} cannot be written"), locks.hold(path):
        pass
