import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from learnflow_infra.errors import HostError
from learnflow_infra.system import processes, programs, tasks
from learnflow_infra.system.processes import ProgramError

SLEEP = "trap 'touch ended; exit' TERM; echo begun; while :; do sleep 0.02; done"
DEAF = "trap '' TERM; echo begun; while :; do sleep 0.02; done"


def alive(pid):
    try:
        return Path(f"/proc/{pid.strip()}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_output_is_the_standard_output():
    assert programs.output(["sh", "-c", "echo out; echo err >&2"]) == "out\n"


@pytest.mark.parametrize("kind", ["text", "bytes", "file"])
def test_a_program_reads_text_bytes_or_a_file(kind, tmp_path):
    (tmp_path / "file").write_text("ä")
    stdin = {"text": "ä", "bytes": "ä".encode(), "file": tmp_path / "file"}[kind]
    assert programs.output(["cat"], stdin=stdin) == "ä"


def test_a_program_reads_nothing_by_default():
    assert programs.output(["cat"]) == ""


def test_named_variables_are_added_to_this_process_s_own(monkeypatch):
    monkeypatch.setenv("KEPT", "kept")
    shown = programs.output(["sh", "-c", "echo $KEPT $NAMED $PATH"], env={"NAMED": "named"})
    assert shown.startswith("kept named ")
    assert "/usr/sbin" in shown


def test_a_failure_carries_the_exit_code_and_the_standard_error():
    with pytest.raises(ProgramError, match=r"sh failed \(exit 3\)") as caught:
        programs.output(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert caught.value.code == 3
    assert caught.value.stderr == "err"
    assert caught.value.why.endswith("\nerr")
    assert isinstance(caught.value, HostError)


def test_a_missing_program_is_named():
    with pytest.raises(ProgramError, match=r"^The program no-such-program is missing\.$"):
        programs.run(["no-such-program"])
    assert not programs.succeeds(["no-such-program"])


def test_a_program_that_cannot_be_started_is_named(tmp_path):
    with pytest.raises(ProgramError, match="cannot be started"):
        programs.run([tmp_path])


def test_a_program_that_takes_too_long_is_ended():
    with pytest.raises(ProgramError, match="took more than 0 s"):
        programs.run(["sleep", "infinity"], seconds=0)  # it returns when the program has ended


def test_a_program_whose_caller_is_interrupted_is_ended(tmp_path):
    """As by Ctrl-C, which can come at any moment: here while the program is watched."""

    def interrupt():
        if (tmp_path / "pid").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        programs.run(
            ["sh", "-c", f"cd {tmp_path}; {SLEEP.replace('echo begun', 'echo $$ > pid')}"],
            tick=interrupt,
        )
    assert (tmp_path / "ended").exists()  # it could clean up
    assert not alive((tmp_path / "pid").read_text())


def test_a_program_that_ignores_its_end_is_killed(monkeypatch):
    monkeypatch.setattr(processes, "GRACE", 0.1)

    def interrupted():
        with processes.started(["sh", "-c", DEAF], stdout=subprocess.PIPE) as process:
            running.append(process)
            assert process.stdout.readline() == b"begun\n"
            raise KeyboardInterrupt

    running = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert running[0].returncode == -signal.SIGKILL


def test_lines_come_as_they_are_printed_with_the_errors_among_them(tmp_path):
    found = programs.lines(["sh", "-c", "echo a; pwd; echo b >&2"], cwd=tmp_path)
    assert list(found) == ["a", str(tmp_path), "b"]


def test_a_failure_of_lines_has_the_last_ones():
    with pytest.raises(ProgramError, match=r"sh failed \(exit 1\)") as caught:
        list(programs.lines(["sh", "-c", "echo a; echo b; exit 1"]))
    assert caught.value.why == "a\nb"


def test_a_program_ends_when_its_reader_stops(tmp_path):
    found = programs.lines(["sh", "-c", SLEEP], cwd=tmp_path)
    assert next(found) == "begun"
    found.close()
    assert (tmp_path / "ended").exists()


def test_an_interrupt_ends_programs_of_other_threads():
    sleeper = programs.lines(["sh", "-c", "echo begun; exec sleep 60"])
    assert next(sleeper) == "begun"
    with pytest.raises(KeyboardInterrupt), processes.ended_on_error():
        raise KeyboardInterrupt
    with pytest.raises(HostError):
        list(sleeper)


def test_a_detached_program_has_a_session_of_its_own(tmp_path):
    log = tmp_path / "log"
    pid = programs.detached([sys.executable, "-c", "import os; print(os.getsid(0))"], log)
    os.waitpid(pid, 0)
    assert log.read_text() == f"{pid}\n"


def test_beside_other_tasks_a_program_gives_the_same():
    result = asyncio.run(
        tasks.run(
            ["sh", "-c", "cat; echo $NAMED; echo err >&2; exit 3"], stdin=b"in ", env={"NAMED": "n"}
        )
    )
    assert (result.text, result.stderr, result.code, result.late) == ("in n\n", "err", 3, False)
    with pytest.raises(ProgramError, match="is missing"):
        asyncio.run(tasks.run(["no-such-program"]))
    assert asyncio.run(tasks.run(["cat"])).text == ""


def test_a_program_beyond_its_timeout_is_ended_while_others_continue():
    assert asyncio.run(tasks.run(["sleep", "infinity"], seconds=0)).late


@pytest.mark.parametrize("own_session", [False, True])
@pytest.mark.parametrize("script", [SLEEP, DEAF])
def test_a_cancelled_task_ends_its_program(tmp_path, script, own_session):
    command = ["sh", "-c", f"cd {tmp_path}; {script.replace('echo begun', 'echo $$ > pid')}"]

    def wait_for_pid():
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.01)

    async def cancelled():
        grace = 0.1 if script == DEAF else 60
        task = asyncio.create_task(tasks.run(command, grace=grace, own_session=own_session))
        await asyncio.to_thread(wait_for_pid)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert not alive((tmp_path / "pid").read_text())
    assert (tmp_path / "ended").exists() is (script == SLEEP)


@pytest.mark.parametrize("turns", range(4))
def test_a_failure_ends_a_program_that_is_just_starting(turns):
    async def failure():
        for _ in range(turns):
            await asyncio.sleep(0)
        raise RuntimeError("no")

    def main():
        with pytest.raises(RuntimeError, match="no"):
            asyncio.run(tasks.together(tasks.run(["sleep", "infinity"]), failure()))
        ended.set()

    ended = threading.Event()
    threading.Thread(target=main, daemon=True).start()  # a hang would hold no other test
    assert ended.wait(30)
