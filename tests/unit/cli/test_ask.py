"""Questions before a step that destroys: on a terminal, and without one."""

import os
import pty
import select
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from learnflow_infra.cli import ask
from learnflow_infra.cli.main import app
from learnflow_infra.clusters import embedded
from learnflow_infra.engine.request.confirmation import Question
from learnflow_infra.engine.request.options import Options
from learnflow_infra.errors import RefusedError
from tests.unit.cli.test_show_live import Terminal, read_until, resize

QUESTION = Question(what="Delete all of it", name="dev", losses=["claim a: 8Gi", "secret b"])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    root = tmp_path / "learnflow-infra/clusters/dev"
    (root / "data").mkdir(parents=True)
    (root / "config.json").write_text('{"name": "dev", "subnet": "10.99.0.0/30"}')
    (root / "data/big").write_bytes(b"x" * 3 * 2**20)
    return root


def test_without_a_terminal_a_question_is_refused():
    with pytest.raises(RefusedError, match="Delete all of it: not confirmed") as error:
        ask.confirm(yes=False)(QUESTION)
    assert error.value.why == "claim a: 8Gi\nsecret b"
    assert "--yes" in str(error.value.remedy)


def test_the_engine_alone_confirms_nothing():
    with pytest.raises(RefusedError):
        Options().confirm(QUESTION)


def test_yes_confirms():
    ask.confirm(yes=True)(QUESTION)


def test_a_cluster_is_deleted_only_if_that_is_confirmed(folder, monkeypatch):
    deleted = []
    monkeypatch.setattr(embedded, "delete", lambda name, **_: deleted.append(name))
    done = CliRunner().invoke(app, ["cluster", "delete", "--name", "dev"])
    assert (done.exit_code, deleted) == (10, [])
    assert "cluster dev with all its data" in done.stderr
    assert f"the folder {folder}: 3Mi" in done.stderr.replace("3.0Mi", "3Mi")
    assert "It is stopped" in done.stderr
    assert CliRunner().invoke(app, ["cluster", "delete", "--name", "dev", "--yes"]).exit_code == 0
    assert deleted == ["dev"]


def test_where_no_cluster_is_nothing_is_asked(folder):
    assert CliRunner().invoke(app, ["cluster", "delete", "--name", "other"]).exit_code == 0
    assert folder.exists()


CHILD = """
import fcntl, signal, sys, termios
import typer
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C reaches it
signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent may ignore it
from learnflow_infra import events
from learnflow_infra.cli import ask, run
from learnflow_infra.engine.request.confirmation import Question

def work(emit):
    with events.step(emit, "a", "Look around") as step:
        for pod in range(3):
            emit(events.ObjectSeen(step="a", object=f"Pod/p{pod}", owner="",
                 state="InProgress", message="waits"))
        print("drawn", flush=True)
        READ()
        confirm(Question(what="Delete all of it", name="dev", losses=["claim a: 8Gi"]))
        step.done("confirmed")

confirm = ask.confirm(yes=False, progress=PROGRESS)
try:
    run.run(work, progress=PROGRESS)
except typer.Exit as error:
    sys.exit(error.exit_code)
"""
READ = "__import__('time').sleep(0.6)"  # the view has been drawn, at 4 frames a second


def answered(answer, *, progress=False, term="xterm"):
    """The exit code, and the lines on a terminal on which somebody answers the question."""
    outer, inner = pty.openpty()
    resize(inner, 500, 20)
    environment = {**os.environ, "TERM": term}
    for name in ("NO_COLOR", "COLUMNS", "LINES", "LEARNFLOW_VIA_MAKE"):
        environment.pop(name, None)
    code = CHILD.replace("READ()", READ).replace("PROGRESS", str(progress))
    terminal = Terminal(500)
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=inner,
        stdout=subprocess.DEVNULL,
        stderr=inner,
        env=environment,
        start_new_session=True,
    ) as child:
        os.close(inner)
        try:
            if answer is not None:
                terminal.feed(read_until(outer, "to confirm: "))
                assert not select.select([outer], [], [], 0.6)[0], "the view draws over it"
                os.write(outer, answer)
            terminal.feed(read_until(outer, "no such text"))
        except BaseException:
            child.kill()
            raise
    os.close(outer)
    return child.returncode, [line.rstrip() for line in terminal.lines if line.strip()]


@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_a_person_types_the_name(term):
    code, shown = answered(b"dev\n", term=term)
    assert code == 0
    start = shown.index("Delete all of it:")
    assert shown[start : start + 3] == [
        "Delete all of it:",
        "  claim a: 8Gi",
        "Type dev to confirm: dev",
    ]
    assert "confirmed" in shown[-1]


@pytest.mark.parametrize("answer", [b"yes\n", b"\x04"], ids=["yes", "end"])
def test_anything_else_refuses(answer):
    code, shown = answered(answer)
    assert code == 10
    assert "Type dev to confirm:" in "\n".join(shown)
    assert shown[-1].strip().startswith("Next: To confirm, type dev.")


def test_ctrl_c_interrupts():
    assert answered(b"\x03")[0] == 130


def test_a_program_that_reads_the_progress_is_not_asked():
    code, shown = answered(None, progress=True)
    assert code == 10
    assert "Type" not in "".join(shown)
