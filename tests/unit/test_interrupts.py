"""Ctrl-C and time limits end a verification only after it has removed what it created."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from learnflow_infra import paths
from learnflow_infra.engine.proof import verification
from learnflow_infra.events import ignore

COMMON = paths.repo_root() / "skills-library/common"


@pytest.fixture
def start(tmp_path):
    """Start a program; it leads a process group, as a shell's jobs do, which ends with the test."""
    with contextlib.ExitStack() as stack:

        def start_one(name, text, *args):
            path = tmp_path / name
            path.write_text(textwrap.dedent(text))
            process = subprocess.Popen(
                [sys.executable, str(path), *map(str, args)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                process_group=0,
                # a job in the background of a shell ignores SIGINT, and its children would too
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start_one


def wait_for(path, seconds=20):
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.02)


CHECKS = f"""
    import sys, time
    from pathlib import Path
    sys.path.insert(0, {str(COMMON)!r})
    import verification

    made = Path(sys.argv[1])

    def check():
        try:
            made.touch()
            while verify.remaining(60) > 2:
                time.sleep(0.02)
        finally:
            made.with_name("cleaning").touch()
            while not made.with_name("all-signals-sent").exists():
                time.sleep(0.02)
            made.unlink()
        return "all is well"

    def checks(run):
        global verify
        verify = run
        run.together(lambda: run.check("work", "host", check))

    raise SystemExit(verification.main("a-skill", checks, ["--endpoints", sys.argv[2]]))
"""


@pytest.fixture
def endpoints(tmp_path):
    path = tmp_path / "endpoints.json"
    path.write_text(json.dumps({"kind": "Endpoints", "endpoints": []}))
    return path


@pytest.mark.parametrize(
    "signals",
    [(signal.SIGINT,), (signal.SIGINT, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT) * 3],
)
def test_a_verify_py_cleans_up_however_many_signals_it_gets(start, tmp_path, endpoints, signals):
    made = tmp_path / "made"
    process = start("verify.py", CHECKS, made, endpoints)
    wait_for(made)
    for each in signals:
        process.send_signal(each)
        wait_for(tmp_path / "cleaning")
    (tmp_path / "all-signals-sent").touch()
    out, err = process.communicate(timeout=20)
    assert not made.exists(), err
    assert process.returncode == 130
    assert [check["name"] for check in json.loads(out)["checks"]][-1] == "interrupted"


ENGINE = """
    import signal, sys
    from pathlib import Path
    from types import SimpleNamespace
    from learnflow_infra.engine.proof import verification
    from learnflow_infra.events import ignore
    from learnflow_infra.system import tasks

    skill = SimpleNamespace(name="a-skill", verify_script=Path(sys.argv[1]))
    target = SimpleNamespace(kubeconfig=None, context="c", kubectl="kubectl", environment={})
    session = SimpleNamespace(target=target, namespace="n", emit=ignore)
    verification.SECONDS, verification.GRACE = float(sys.argv[2]), float(sys.argv[3])
    work = verification.verify(session, skill, {}, "both")
    try:
        print("; ".join(check["message"] for check in tasks.complete(work)["checks"]))
    except KeyboardInterrupt:
        print("interrupted")
"""

SCRIPT = """
    import json, signal, sys, time
    from pathlib import Path

    folder = Path(__file__).parent
    received = []
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda number, _frame: received.append(number))
    (folder / "begun").touch()
    while not received or {stubborn}:
        time.sleep(0.02)
    time.sleep(0.5)  # in which a second signal, which must not come, would be recorded
    (folder / "signals").write_text(json.dumps(received))
    check = dict(name="interrupted", passed=False, message="stopped", seconds=0)
    print(json.dumps(dict(skill="a-skill", passed=False, checks=[check | {{"from": "host"}}])))
"""


@pytest.fixture
def engine(start, tmp_path):
    def start_engine(*, stubborn=False, seconds=60.0, grace=10.0):
        script = tmp_path / "script.py"
        script.write_text(textwrap.dedent(SCRIPT).format(stubborn=stubborn))
        process = start("engine.py", ENGINE, script, seconds, grace)
        wait_for(tmp_path / "begun")
        return process

    return start_engine


def test_ctrl_c_on_a_terminal_reaches_a_verification_once(engine, tmp_path):
    process = engine()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, err = process.communicate(timeout=20)
    assert out.strip() == "interrupted", err
    assert json.loads((tmp_path / "signals").read_text()) == [signal.SIGTERM]


def test_a_verification_that_takes_too_long_is_sent_sigterm(engine, tmp_path):
    out, err = engine(seconds=1).communicate(timeout=20)
    assert json.loads((tmp_path / "signals").read_text()) == [signal.SIGTERM], err
    assert out.strip() == "stopped; no end within 1 s"


@pytest.mark.parametrize("interrupt", [True, False])
def test_a_verification_that_does_not_end_is_killed(engine, tmp_path, interrupt):
    process = engine(stubborn=True, seconds=60 if interrupt else 1, grace=1)
    if interrupt:
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert out.strip() == ("interrupted" if interrupt else "no end within 1 s"), err
    assert not running(tmp_path / "script.py")


def test_a_verification_that_is_just_starting_is_ended_too(tmp_path, monkeypatch):
    script = tmp_path / "script.py"
    script.write_text("import time\ntime.sleep(60)\n")
    started = []
    begun, proceed = asyncio.Event(), asyncio.Event()
    real = asyncio.create_subprocess_exec

    async def slowly(*args, **options):
        started.append(await real(*args, **options))
        begun.set()
        await proceed.wait()
        return started[0]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", slowly)
    target = SimpleNamespace(kubeconfig=None, context="c", kubectl="kubectl", environment={})
    session = SimpleNamespace(target=target, namespace="n", emit=ignore)
    skill = SimpleNamespace(name="a-skill", verify_script=script)

    async def interrupted():
        work = asyncio.create_task(verification.verify(session, skill, {}, "both"))
        await begun.wait()
        work.cancel()
        asyncio.get_running_loop().call_soon(proceed.set)
        await asyncio.wait({work})
        return work.cancelled()

    assert asyncio.run(interrupted())
    assert started[0].returncode == -signal.SIGTERM


def running(script):
    lines = (path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if readable(path))
    return any(str(script).encode() in line.split(b"\0")[1:2] for line in lines)


def readable(path):
    try:
        path.read_bytes()
    except OSError:
        return False
    return True
