"""Performs commands that need root: in this process if it is root, else in a child under sudo.

The child reads one JSON document from its stdin: the command, and the few variables of the
user's environment that it needs. It writes a JSON document a line to its stdout: its events,
or an error, which the parent raises again in the same class.
"""

import json
import os
from collections.abc import Mapping
from typing import Any, assert_never, get_args

from learnflow_infra.clusters.embedded import commands, lifecycle
from learnflow_infra.clusters.embedded.commands import (
    BuildImages,
    Command,
    Delete,
    LoadArchive,
    LoadImages,
    Stop,
    Up,
)
from learnflow_infra.clusters.embedded.host import privileges
from learnflow_infra.clusters.embedded.images import build, loading
from learnflow_infra.clusters.embedded.images.recipe import ImageRecipe
from learnflow_infra.errors import LearnflowError, from_document
from learnflow_infra.events import Emit, Event
from learnflow_infra.paths import cache_dir, data_dir
from learnflow_infra.system.processes import SYSTEM_PATH
from learnflow_infra.system.programs import lines

MODULE = "learnflow_infra.clusters.embedded"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
VARIABLES = ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", *PROXIES)
"""Variables of the user's environment that are sent to the child."""
SUDO_VARIABLES = ("SUDO_UID", "SUDO_GID")
SHARED = ("images", "locks", "m2", "tmp")
"""Folders of the cache in which both the user and root write."""
_EVENTS = {kind.__name__: kind for kind in get_args(Event)}


def run(command: Command, emit: Emit) -> None:
    """Perform a command as root, and emit its events.

    Raises:
        LearnflowError: what the command raised, in the same class.
        HostError: there is no sudo, or sudo refused.
    """
    if privileges.is_root():
        perform(command, emit)
        return
    _make_shared_folders()
    environment = {name: os.environ[name] for name in VARIABLES if name in os.environ}
    request = {"command": commands.document(command), "environment": environment}
    child = privileges.as_root(privileges.python(MODULE))
    for line in lines(child, stdin=json.dumps(request), own_stderr=True):
        receive(json.loads(line), emit)


def perform(command: Command, emit: Emit) -> None:
    """Perform a command in this process, which is root."""
    match command:
        case Up(name=name, subnet=subnet):
            lifecycle.up(name, emit, subnet)
        case LoadImages(name=name, recipes=recipes):
            loading.load_images(name, recipes, emit)
        case LoadArchive(name=name, archive=archive, references=references):
            loading.load_archive(name, archive, references, emit)
        case BuildImages(recipes=recipes):
            for recipe in recipes:
                build.build(ImageRecipe.load(recipe), emit=emit)
            for folder in SHARED:
                privileges.give_to_sudo_user(cache_dir() / folder)
        case Stop(name=name):
            lifecycle.stop(name, emit)
        case Delete(name=name):
            lifecycle.delete(name, emit)
        case _:
            assert_never(command)


def root_environment(user: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of the child.

    Args:
        user: the variables that the user sent; only those in `VARIABLES` are used.
        own: the child's environment as sudo made it.
    """
    return {
        "PATH": SYSTEM_PATH,
        "LANG": "C.UTF-8",
        **{name: own[name] for name in SUDO_VARIABLES if name in own},
        **{name: str(user[name]) for name in VARIABLES if name in user},
    }


def event_document(event: Event) -> dict[str, Any]:
    """An event as JSON: the name of its class as `event`, and its fields."""
    return {"event": type(event).__name__, **vars(event)}


def error_document(error: LearnflowError) -> dict[str, Any]:
    """An error as JSON."""
    return {"error": error.document()}


def receive(document: Mapping[str, Any], emit: Emit) -> None:
    """Emit the event, or raise the error, of a document that the child wrote."""
    if "error" in document:
        raise from_document(document["error"])
    fields = {key: tuple(v) if isinstance(v, list) else v for key, v in document.items()}
    emit(_EVENTS[fields.pop("event")](**fields))


def _make_shared_folders() -> None:
    """Make the folders in which root also writes, so that this user owns them."""
    for folder in SHARED:
        (cache_dir() / folder).mkdir(parents=True, exist_ok=True)
    (data_dir() / "clusters").mkdir(parents=True, exist_ok=True)
