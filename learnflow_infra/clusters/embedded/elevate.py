"""Does what needs root: here when this process is root, else in a child under sudo.

The child gets the user's own cache and data folders, and streams its events back as
JSON, a line each; its error, if any, is raised here as the same class.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from learnflow_infra import errors, events
from learnflow_infra.clusters.embedded import bring_up, lifecycle
from learnflow_infra.clusters.embedded.host import requirements
from learnflow_infra.clusters.embedded.images import build, helpers, loading
from learnflow_infra.clusters.embedded.process import streamed
from learnflow_infra.clusters.embedded.programs import binary
from learnflow_infra.errors import LearnflowError
from learnflow_infra.events import Emit
from learnflow_infra.paths import cache_dir, data_dir

MODULE = "learnflow_infra.clusters.embedded"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
PASSED = ("XDG_CACHE_HOME", "XDG_DATA_HOME", "HOME", "PATH", "PYTHONPATH", *PROXIES)
SHARED = ("images", "locks", "m2", "tmp")
"""Folders of the cache that the user and root both write in."""
KINDS = (
    events.StepStarted,
    events.StepProgress,
    events.StepFinished,
    events.StepFailed,
    events.Message,
)


def up(name: str, emit: Emit, subnet: str | None) -> None:
    """See `lifecycle.up`. The long build runs as the user; only the rest needs root."""
    if lifecycle.is_ready(name):
        with events.step(emit, "cluster/start", f"Start the cluster {name}") as step:
            step.done("running", changed=False)
        return
    requirements.require_root_way()
    if not requirements.is_root():
        helpers.ensure(binary.ensure(emit), emit)
    _do("up", {"name": name, "subnet": subnet}, emit)


def load_images(name: str, recipes: Sequence[Path], emit: Emit) -> None:
    """See `loading.load_images`; root is not needed when the node has them all."""
    if not recipes:
        return
    references = {str(build.ImageRecipe.load(folder).reference()) for folder in recipes}
    if references <= loading.known_images(name):
        with events.step(emit, "cluster/images", "Load images into the cluster") as step:
            step.done("all there", changed=False)
        return
    _do("load_images", {"name": name, "recipes": [str(r.resolve()) for r in recipes]}, emit)


def load_archive(name: str, archive: Path, named: Sequence[str], emit: Emit) -> None:
    """See `loading.load_archive`."""
    arguments = {"name": name, "archive": str(archive.resolve()), "named": list(named)}
    _do("load_archive", arguments, emit)


def build_images(recipes: Sequence[Path], emit: Emit) -> None:
    """Build the skills' images that are not in the cache."""
    if recipes:
        _do("build_images", {"recipes": [str(r.resolve()) for r in recipes]}, emit)


def stop(name: str, emit: Emit) -> None:
    """See `lifecycle.stop`."""
    _do("stop", {"name": name}, emit)


def delete(name: str, emit: Emit) -> None:
    """See `lifecycle.delete`."""
    _do("delete", {"name": name}, emit)


def perform(operation: str, arguments: dict[str, Any], emit: Emit) -> None:
    """Run an operation in this process, which is root."""
    recipes = [Path(recipe) for recipe in arguments.get("recipes", ())]
    name = arguments.get("name", "")
    if operation == "up":
        lifecycle.up(name, emit, arguments["subnet"])
    elif operation == "load_images":
        loading.load_images(name, recipes, emit)
    elif operation == "load_archive":
        loading.load_archive(name, Path(arguments["archive"]), arguments["named"], emit)
    elif operation == "build_images":
        for recipe in recipes:
            build.build(build.ImageRecipe.load(recipe), emit=emit)
        for folder in SHARED:
            bring_up.own_by_user(cache_dir() / folder)
    elif operation == "stop":
        lifecycle.stop(name, emit)
    else:
        lifecycle.delete(name, emit)


def _do(operation: str, arguments: dict[str, Any], emit: Emit) -> None:
    if requirements.is_root():
        perform(operation, arguments, emit)
        return
    _make_own_folders()
    passed = [f"{name}={os.environ[name]}" for name in PASSED if name in os.environ]
    child = [sys.executable, "-P", "-m", MODULE, operation, json.dumps(arguments)]
    for line in streamed([str(requirements.sudo()), "--", "env", *passed, *child]):
        _receive(json.loads(line), emit)


def _make_own_folders() -> None:
    """Make the folders that root will write in as this user, so that they stay the user's."""
    for folder in SHARED:
        (cache_dir() / folder).mkdir(parents=True, exist_ok=True)
    (data_dir() / "clusters").mkdir(parents=True, exist_ok=True)


def encode(event: events.Event) -> str:
    """An event as one line of JSON."""
    return json.dumps({"event": type(event).__name__, **vars(event)})


def encode_error(error: LearnflowError) -> str:
    """An error as one line of JSON."""
    return json.dumps({"error": error.document()})


def _receive(message: dict[str, Any], emit: Emit) -> None:
    if "error" in message:
        raise errors.from_document(message["error"])
    name = message.pop("event")
    kind = next(kind for kind in KINDS if kind.__name__ == name)
    fields: dict[str, Any] = {
        key: tuple(v) if isinstance(v, list) else v for key, v in message.items()
    }
    emit(kind(**fields))
