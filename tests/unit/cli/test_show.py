import contextlib
import io
import json
import math

import pytest
from typer.testing import CliRunner

from learnflow_infra import documents, events
from learnflow_infra.cli import show
from learnflow_infra.cli.main import app
from learnflow_infra.cli.run import run as run_verb
from learnflow_infra.cli.show import plain
from learnflow_infra.cli.show.lines import Lines
from learnflow_infra.cli.show.plain import Plain
from learnflow_infra.errors import NotReadyError

STEP = "release/kafka"
NO_END = math.inf


def run(emit):
    with events.step(emit, "a", "Build [it]") as step:
        step.progress(1, 2, "half [x]")
        step.done("fine [y]", changed=True)
    with events.step(emit, "b", "Look") as step:
        step.done("same", changed=False)
    emit(events.Message(text="hello [z]"))
    with contextlib.suppress(ValueError), events.step(emit, "c", "Fail"):
        raise ValueError("the first line\nthe second")


def seen(name, state="InProgress", message="starting"):
    return events.ObjectSeen(step=STEP, object=name, owner="", state=state, message=message)


def cause(code="ImageNotFound", grace=30.0):
    return events.CauseSeen(
        step=STEP, code=code, object="Pod/kafka-0", message="no such image", grace=grace
    )


EVERY_EVENT = (
    events.StepStarted(step=STEP, title="Release kafka", needs=("namespace",)),
    events.StepProgress(step=STEP, done=1, total=None, note="installing"),
    seen("Pod/kafka-0"),
    cause(grace=NO_END),
    events.CauseGone(step=STEP, code="ImageNotFound", object="Pod/kafka-0"),
    events.ObjectGone(step=STEP, object="Pod/kafka-0"),
    events.Message(text="a line\nand another"),
    events.StepFinished(step=STEP, note="revision 1", changed=None),
    events.StepFailed(step="other", note="not ready"),
)


@pytest.fixture
def clock(monkeypatch):
    """Time that stands still until a test moves it."""
    now = [100.0]
    monkeypatch.setattr(plain.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def settle(monkeypatch):
    """Let the time pass after which a cause counts as lasting."""
    timers = []

    class Timer:
        def __init__(self, _seconds, function, args):
            self.run, self.alive = lambda: function(*args), False

        def start(self):
            timers.append(self)
            self.alive = True

        def cancel(self):
            self.alive = False

        def is_alive(self):
            return self.alive

    def pass_time():
        for timer in timers:
            if timer.alive:
                timer.alive = False
                timer.run()

    monkeypatch.setattr(plain.threading, "Timer", Timer)
    return pass_time


def text_of(line):
    return line[10:].rsplit(" (", 1)[0]


def test_plain_lines(capsys):
    run(Plain())
    lines = capsys.readouterr().err.splitlines()
    assert [text_of(line) for line in (lines[0], lines[1], lines[3])] == [
        "ok Build [it]: fine [y]",
        "== Look: same",
        "!! Fail: the first line",
    ]
    assert lines[2] == "hello [z]"


def test_plain_prints_objects_at_most_every_15_seconds(capsys, clock):
    emit = Plain()
    emit(EVERY_EVENT[0])
    for _second in range(40):
        emit(seen("Pod/kafka-0"))
        emit(seen("Pod/kafka-1", message="pulling"))
        emit(seen("Pod/kafka-2", state="Current"))
        clock[0] += 1
    lines = [text_of(line) for line in capsys.readouterr().err.splitlines()]
    assert lines == [".. Release kafka: Pod/kafka-0 InProgress: starting (and 1 more)"] * 2


def test_plain_does_not_print_objects_that_are_ready_or_gone(capsys, clock):
    emit = Plain()
    emit(EVERY_EVENT[0])
    emit(seen("Pod/a"))
    emit(seen("Pod/b"))
    emit(seen("Pod/a", state="Current"))
    emit(events.ObjectGone(step=STEP, object="Pod/b"))
    clock[0] += 15
    emit(seen("Pod/a", state="Current"))
    assert capsys.readouterr().err == ""
    emit(seen("Pod/c"))
    assert text_of(capsys.readouterr().err) == ".. Release kafka: Pod/c InProgress: starting"


@pytest.mark.parametrize(
    ("grace", "ending"),
    [
        (0.0, "; does not heal by itself)"),
        (30.0, "; may heal for 30 s)"),
        (NO_END, ")"),
    ],
)
def test_plain_prints_a_cause_that_lasts_and_only_once(capsys, settle, grace, ending):
    with Plain() as emit:
        emit(EVERY_EVENT[0])
        for _again in range(3):
            emit(cause(grace=grace))
        at_once = capsys.readouterr().err
        settle()
        emit(cause(grace=grace))
        settle()
    (line,) = (at_once + capsys.readouterr().err).splitlines()
    expected = "?? Release kafka: Pod/kafka-0: no such image (ImageNotFound"
    assert text_of(line) == expected + ending
    assert bool(at_once) == (grace == 0)


@pytest.mark.parametrize(
    "healed",
    [
        seen("Pod/kafka-0", state="Current"),
        events.ObjectGone(step=STEP, object="Pod/kafka-0"),
        events.StepFinished(step=STEP),
        None,
    ],
)
def test_plain_does_not_print_a_cause_that_healed(capsys, settle, healed):
    with Plain() as emit:
        emit(cause())
        if healed:
            emit(healed)
            settle()
    settle()
    assert "ImageNotFound" not in capsys.readouterr().err


def json_lines(capsys):
    read = capsys.readouterr()
    assert not read.out
    return [json.loads(line) for line in read.err.splitlines()]


def test_json_lines_hold_every_field_of_every_event(capsys):
    with Lines() as emit:
        for event in EVERY_EVENT:
            emit(event)
    lines = json_lines(capsys)
    assert [fault for line in lines for fault in documents.schema_faults(line, "progress")] == []
    assert [line.get("apiVersion") for line in lines] == ["learnflow.infra/v1"] + [None] * 8
    for line, event in zip(lines, EVERY_EVENT, strict=True):
        fields = {**vars(event), **({"grace": None} if "grace" in vars(event) else {})}
        assert {key: line[key] for key in fields} == json.loads(json.dumps(fields))
    assert [line["event"] for line in lines] == [
        "step-started",
        "step-progress",
        "object-seen",
        "cause-seen",
        "cause-gone",
        "object-gone",
        "message",
        "step-finished",
        "step-failed",
    ]


def test_the_list_above_has_every_kind_of_event():
    assert {type(event) for event in EVERY_EVENT} == set(events.Event.__args__)


@pytest.mark.parametrize(
    ("error", "code"),
    [(NotReadyError("Not ready.", why="a\nb", remedy="look"), 7), (KeyboardInterrupt(), 130)],
)
def test_an_error_is_the_only_json_line(capsys, error, code):
    def work(_emit):
        raise error

    with pytest.raises(BaseException) as raised:  # noqa: PT011 - typer.Exit is no public base
        run_verb(work, progress=True)
    (line,) = json_lines(capsys)
    assert documents.schema_faults(line, "progress") == []
    assert (line["event"], line["exitCode"], raised.value.exit_code) == ("error", code, code)


def test_deploy_accepts_progress(tmp_path):
    environment = {"KUBECONFIG": str(tmp_path / "none"), "LEARNFLOW_CONTEXT": "nosuch"}
    result = CliRunner().invoke(app, ["deploy", "--progress", "-o", "json"], env=environment)
    (line,) = map(json.loads, result.stderr.splitlines())
    assert (line["event"], line["exitCode"], result.stdout) == ("error", result.exit_code, "")


class Screen(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm"}, "Live"),
        ({"TERM": "xterm", "NO_COLOR": ""}, "Live"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "Plain"),
        ({"TERM": "dumb"}, "Plain"),
        ({}, "Plain"),
    ],
)
def test_without_a_colour_terminal_plain_lines_are_printed(monkeypatch, environment, expected):
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stderr", Screen())
    with show.renderer() as emit:
        assert type(emit).__name__ == expected


def test_a_step_reports_its_end_once():
    seen = []
    with events.step(seen.append, "a", "A"):
        pass
    assert seen == [events.StepStarted(step="a", title="A"), events.StepFinished(step="a")]
