"""The live view: its model, its layout, and a real terminal."""

import fcntl
import io
import math
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from learnflow_infra import events, timestamps
from learnflow_infra.cli.show import layout, rows, words
from learnflow_infra.cli.show.live import live
from learnflow_infra.cli.show.model import Model
from learnflow_infra.paths import repo_root

TABLE = yaml.safe_load((repo_root() / "tests/unit/tables/live.yaml").read_text())
NOW = 1000.0
LATER = NOW + words.SETTLED
KINDS = {kind.__name__: kind for kind in events.Event.__args__ if kind is not events.Message}


def view_of(seen, width=100, height=30, now=LATER):
    model = Model()
    for event in seen:
        model.apply(event, NOW)
    return layout.lines(model, now, width, height)


def read(entry):
    """An event of the table: its kind, the step, and other fields by name."""
    ((kind, fields),) = entry.items()
    needed = {"ObjectSeen": {"owner": "", "message": ""}, "CauseSeen": {"grace": 10.0}}
    return KINDS[kind](**{"step": "release/kafka", **needed.get(kind, {}), **fields})


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case["name"])
def test_views_of_the_table(case):
    seen = [read(entry) for entry in case["events"]]
    view = view_of(seen, case.get("width", 72), case.get("height", 20), NOW + case.get("after", 0))
    lines = [re.sub(f"^[{rows.FRAMES}]", "*", line.plain).rstrip() for line in view]
    assert lines == case["view"].splitlines()


names = st.sampled_from([f"Pod/kafka-{n}" for n in range(12)] + ["Node/n", "Kafka/数据库-é"])
steps = st.sampled_from(["release/a", "release/b", "images"])
texts = st.text(max_size=60)
some_events = st.one_of(
    st.builds(events.StepStarted, step=steps, title=texts),
    st.builds(
        events.StepProgress,
        step=steps,
        done=st.floats(-10, 1e9),
        total=st.none() | st.floats(0, 1e9),
        note=texts,
    ),
    st.builds(
        events.ObjectSeen,
        step=steps,
        object=names,
        owner=names | st.just(""),
        state=st.sampled_from(["Current", "InProgress", "Failed", "Unknown", "odd"]),
        message=texts,
        created=st.floats(0, 2 * NOW),
    ),
    st.builds(events.ObjectGone, step=steps, object=names),
    st.builds(
        events.CauseSeen,
        step=steps,
        code=st.sampled_from(["ContainerCrashed", "PodUnschedulableNodeSelector"]),
        object=names,
        message=texts,
        grace=st.floats(0, math.inf),
    ),
    st.builds(
        events.CauseGone,
        step=steps,
        code=st.sampled_from(["ContainerCrashed", "PodUnschedulableNodeSelector"]),
        object=names,
    ),
    st.builds(events.StepFinished, step=steps, note=texts),
    st.builds(events.Message, text=texts),
)


@given(st.lists(some_events, max_size=60), st.integers(1, 200), st.integers(0, 60))
def test_a_view_always_fits(seen, width, height):
    view = view_of(seen, width, height)
    assert len(view) <= height
    assert all(line.cell_len <= width for line in view)
    assert all(line.plain.isprintable() for line in view)


@given(st.lists(some_events, max_size=60), st.integers(0, 30))
def test_causes_are_folded_last(seen, height):
    model = Model()
    for event in seen:
        model.apply(event, NOW)
    causes = sum(len(work.causes) for work in model.steps.values())
    view = [line.plain for line in layout.lines(model, LATER, 120, height)]
    named = sum("ContainerCrashed" in line or "NodeSelector" in line for line in view)
    room = height if causes + len(model.steps) <= height else max(height - 1, min(height, 1))
    assert named >= min(causes, room)


@given(st.lists(some_events, max_size=60), st.integers(2, 40))
def test_folded_rows_are_counted(seen, height):
    """The rows shown and the counts of the lines `… and N more` add up to all rows."""
    model = Model()
    for event in seen:
        model.apply(event, NOW)
    every = sum(1 + len(work.objects) + len(work.outside(LATER)) for work in model.steps.values())
    view = [line.plain for line in layout.lines(model, LATER, 200, height)]
    counted = [re.match(r" *… and (\d+) more", line) for line in view]
    folded = sum(int(match[1]) for match in counted if match)
    assert sum(not match for match in counted) + folded == every


@given(st.lists(some_events, max_size=80))
def test_a_tree_has_each_object_once_even_if_owners_form_a_cycle(seen):
    model = Model()
    for event in seen:
        model.apply(event, NOW)
    for work in model.steps.values():
        assert sorted(each.object for _, each in work.tree()) == sorted(work.objects)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0s"), (59.9, "59s"), (192, "3m12s"), (18420, "5h7m"), (187200, "2d4h")],
)
def test_ages_are_written_as_kubectl_writes_them(seconds, text):
    assert timestamps.age(seconds) == text


def calls_to_draw(objects):
    """How many Python functions are called to draw a view of that many pods."""
    model = Model()
    for number in range(objects):
        pod = {"object": f"Pod/p{number}", "state": "InProgress"}
        model.apply(read({"ObjectSeen": pod}), NOW)
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        view = layout.lines(model, LATER, 80, 24)
    finally:
        sys.setprofile(None)
    assert len(view) == 24
    return calls


def test_the_work_for_a_view_grows_no_faster_than_the_objects():
    assert calls_to_draw(1000) <= 4 * calls_to_draw(250)
    assert calls_to_draw(1000) < 20 * 1000


def test_lines_of_ended_steps_stay_and_markup_is_printed_as_it_is():
    stream = io.StringIO()
    with live(Console(file=stream, force_terminal=True, width=100, color_system=None)) as emit:
        emit(events.StepStarted(step="a", title="Build [it]"))
        emit(events.StepFinished(step="a", note="fine [y]", changed=True))
        emit(events.StepStarted(step="b", title="Look"))
        emit(events.StepFinished(step="b", note="same\x1b[2J", changed=False))
        emit(events.Message(text="hello [z]"))
        emit(events.StepFailed(step="c", note="broken"))
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    for line in (
        "✓    0.0s Build [it]  fine [y]",
        "=    0.0s Look  same [2J",
        "hello [z]",
        "✗    0.0s c  broken",
    ):
        assert line in text


class Terminal:
    """The few control sequences that the view uses, on a screen that scrolls."""

    def __init__(self, width):
        self.width, self.lines, self.row, self.column = width, [""], 0, 0

    def feed(self, text):
        for sequence, how, plain in re.findall(r"(\x1b\[([0-9;?]*[A-Za-z]))|([^\x1b])", text):
            if not sequence:
                self.put(plain)
            elif how.endswith("A"):
                self.row -= int(how[:-1] or 1)
                assert self.row >= 0
            elif how == "2K":
                self.lines[self.row] = ""
            else:
                assert how[-1] in "mlh", how

    def put(self, char):
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self.row += 1
            self.lines += [""] * (self.row + 1 - len(self.lines))
        else:
            assert self.column < self.width, "a line is wider than the terminal"
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + char + line[self.column + 1 :]
            self.column += 1


CHILD = """
import time
from learnflow_infra import events
from learnflow_infra.cli import show
with show.renderer() as emit:
    for number in range(3):
        with events.step(emit, f"release/r{number}", f"Release {number}") as step:
            for pod in range(40):
                emit(events.ObjectSeen(step=f"release/r{number}", object=f"Pod/pod-{pod}",
                     owner="", state="InProgress", message="waits " * 30))
            emit(events.CauseSeen(step=f"release/r{number}", object="Pod/pod-39",
                 code=f"Broken{number}", message="exit code 1", grace=0))
            print("drawn", flush=True)
            input()
            step.done("ready")
"""


def resize(descriptor, width, height):
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))


def read_until(descriptor, expected):
    """The output on a terminal up to a text, or until its other side is closed."""
    text = b""
    while expected.encode() not in text:
        assert select.select([descriptor], [], [], 30)[0], f"{expected} did not come: {text!r}"
        try:
            text += os.read(descriptor, 65536)
        except OSError:
            break
    return text.decode(errors="ignore")  # a read may end within a character


def test_on_a_resized_terminal_the_tree_fits_and_only_ended_steps_stay():
    outer, inner = pty.openpty()
    resize(inner, 60, 12)
    environment = {**os.environ, "TERM": "xterm", "PYTHONWARNINGS": "error"}
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        environment.pop(name, None)
    terminal = Terminal(60)
    with subprocess.Popen(
        [sys.executable, "-c", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=inner,
        env=environment,
    ) as child:
        os.close(inner)
        for number, (width, height) in enumerate(((60, 12), (60, 12), (50, 8))):
            resize(outer, width, height)
            child.stdout.readline()
            terminal.feed(read_until(outer, f"Broken{number}"))
            shown = [line.rstrip() for line in terminal.lines if line.strip()]
            tree = shown[next(n for n, line in enumerate(shown) if line[0] in rows.FRAMES) :]
            assert len(tree) < height
            assert max(map(len, tree)) <= width
            child.stdin.write(b"\n")
            child.stdin.flush()
        terminal.feed(read_until(outer, "no such text"))
    os.close(outer)
    assert child.returncode == 0
    left = [line.rstrip() for line in terminal.lines if line.strip()]
    assert [re.sub(r"[0-9.]+s", "0s", line) for line in left] == [
        f"✓    0s Release {number}  ready" for number in range(3)
    ]
