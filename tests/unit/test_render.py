import contextlib
import io

from rich.console import Console
from rich.progress import Progress, TextColumn

from learnflow_infra import events
from learnflow_infra.cli.render import Live, Plain


def run(emit):
    with events.step(emit, "a", "Build [it]") as step:
        step.progress(1, 2, "half [x]")
        step.done("fine [y]", changed=True)
    with events.step(emit, "b", "Look") as step:
        step.done("same", changed=False)
    emit(events.Message(text="hello [z]"))
    with contextlib.suppress(ValueError), events.step(emit, "c", "Fail"):
        raise ValueError("the first line\nthe second")


def test_plain_lines(capsys):
    run(Plain())
    lines = capsys.readouterr().err.splitlines()
    assert [line[10:].rsplit(" (", 1)[0] for line in (lines[0], lines[1], lines[3])] == [
        "ok Build [it]: fine [y]",
        "== Look: same",
        "!! Fail: the first line",
    ]
    assert lines[2] == "hello [z]"


def test_live_view_keeps_what_ended_and_does_not_read_markup():
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=False, width=100)
    with Progress(TextColumn("{task.description}"), console=console, transient=True) as progress:
        run(Live(progress))
        assert progress.tasks == []
    text = stream.getvalue()
    for words in ("Build [it]", "fine [y]", "Look", "hello [z]", "the first line"):
        assert words in text


def test_a_step_reports_its_end_once():
    seen = []
    with events.step(seen.append, "a", "A"):
        pass
    assert seen == [events.StepStarted(step="a", title="A"), events.StepFinished(step="a")]
