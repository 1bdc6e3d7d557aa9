"""Commands, events and errors that go to the process of root and back."""

import json
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from learnflow_infra import events
from learnflow_infra.clusters.embedded import commands, elevate
from learnflow_infra.errors import LearnflowError
from tests.unit.test_errors import every_class, example

RECIPES = (Path("/skills/a/images/x"), Path("/skills/b/images/y z"))
COMMANDS = [
    commands.Up(name="dev"),
    commands.Up(name="dev", subnet="10.213.0.0/30"),
    commands.LoadImages(name="dev", recipes=RECIPES),
    commands.LoadArchive(name="dev", archive=Path("/tmp/x.tar"), references=("a:1", "b:2")),  # noqa: S108
    commands.BuildImages(recipes=RECIPES),
    commands.Stop(name="dev"),
    commands.Delete(name="dev"),
]


def sent(document):
    return json.loads(json.dumps(document))


def test_the_examples_have_every_command():
    assert {type(command) for command in COMMANDS} == set(get_args(commands.Command))


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_commands_arrive_as_they_were_sent(command):
    assert commands.from_document(sent(commands.document(command))) == command


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"command": "Destroy", "name": "dev"},
        {"command": "delete", "name": "dev"},
        {"command": "Delete"},
        {"command": "Delete", "name": None},
        {"command": "Up", "name": "dev"},
        {"command": "LoadImages", "name": "dev", "recipes": "/skills/a"},
    ],
    ids=str,
)
def test_any_other_document_is_an_error(document):
    with pytest.raises(LearnflowError, match="unknown command") as caught:
        commands.from_document(document)
    assert caught.value.why == "Nothing was done."


VALUES = {
    str: "text",
    float: 1.5,
    float | None: 2.5,
    bool: True,
    bool | None: False,
    tuple[str, ...]: ("a/b", "a/c"),
}


def an_event(kind):
    return kind(**{field.name: VALUES[field.type] for field in fields(kind)})


@pytest.mark.parametrize("kind", get_args(events.Event), ids=lambda kind: kind.__name__)
def test_events_of_every_class_come_back(kind):
    received = []
    elevate.receive(sent(elevate.event_document(an_event(kind))), received.append)
    assert received == [an_event(kind)]


@pytest.mark.parametrize("kind", every_class(), ids=lambda kind: kind.__name__)
def test_errors_of_every_class_are_raised_again(kind):
    error = example(kind)
    with pytest.raises(kind) as caught:
        elevate.receive(sent(elevate.error_document(error)), events.ignore)
    again = caught.value
    assert type(again) is kind
    assert (again.what, again.why, again.remedy) == (error.what, error.why, error.remedy)
    assert (again.causes, again.exit_code) == (error.causes, error.exit_code)
