"""Options that verbs share, in Helm's and kubectl's words, and their way to the engine."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from learnflow_infra.cli.run import errors_told
from learnflow_infra.errors import InputError
from learnflow_infra.quantities import seconds

if TYPE_CHECKING:
    from learnflow_infra.engine.request.planning import Options


class Output(StrEnum):
    """How a result is printed."""

    text = "text"
    json = "json"


class EndpointOutput(StrEnum):
    """How endpoints are printed."""

    text = "text"
    json = "json"
    env = "env"


Skills = Annotated[
    list[str] | None, typer.Argument(metavar="[SKILL]...", help="Skills; all when none is named.")
]
Files = Annotated[
    list[Path] | None,
    typer.Option("--values", "-f", help="Values file; top-level keys are releases. Repeatable."),
]
SetValues = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="RELEASE.KEY=VALUE", help="As helm's --set: a.b=1,c={x,y}."),
]
SetString = Annotated[
    list[str] | None,
    typer.Option("--set-string", metavar="RELEASE.KEY=TEXT", help="As helm's --set-string."),
]
SetJson = Annotated[
    list[str] | None,
    typer.Option("--set-json", metavar="RELEASE.KEY=JSON", help="As helm's --set-json."),
]
SetFile = Annotated[
    list[str] | None,
    typer.Option("--set-file", metavar="RELEASE.KEY=PATH", help="As helm's --set-file."),
]
Mirrors = Annotated[
    list[str] | None,
    typer.Option(
        "--image-mirror", metavar="FROM=TO", help="Take images and charts of FROM from TO instead."
    ),
]
VALUES = {
    "files": Files,
    "set_values": SetValues,
    "set_string": SetString,
    "set_json": SetJson,
    "set_file": SetFile,
    "mirrors": Mirrors,
}
"""Helm's values flags, and the mirrors: what changes the values of a deploy."""
Given = Mapping[str, Sequence[Any]]
"""What was typed for each of VALUES."""
NOTHING: Given = {}


def with_values(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb the flags of VALUES, in the place of its parameter `given`, which gets them."""
    flags = [
        inspect.Parameter(
            name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=kind
        )
        for name, kind in VALUES.items()
    ]
    plain = inspect.signature(verb)
    parameters = [
        parameter
        for own in plain.parameters.values()
        for parameter in (flags if own.name == "given" else [own])
    ]

    @functools.wraps(verb)
    def typed(**arguments: Any) -> None:
        given = {name: arguments.pop(name) or () for name in VALUES}
        verb(given=given, **arguments)

    typed.__signature__ = plain.replace(parameters=parameters)  # type: ignore[attr-defined]
    typed.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return typed


ProfileName = Annotated[
    str | None, typer.Option("--profile", help="Charts and images to use: embedded or upstream.")
]
Context = Annotated[
    str | None,
    typer.Option("--context", envvar="LEARNFLOW_CONTEXT", help="Context of your kubeconfig."),
]
Namespace = Annotated[str, typer.Option("--namespace", "-n", help="Namespace of the releases.")]
Timeout = Annotated[
    str | None, typer.Option("--timeout", help="Longest wait for each release, such as 5m.")
]
OutputOption = Annotated[Output, typer.Option("--output", "-o", help="Form of the result.")]
Progress = Annotated[
    bool,
    typer.Option("--progress", help="Tell events, and an error, on stderr as lines of JSON."),
]
NAMESPACE = "learnflow"


@errors_told()
def options(
    *,
    skills: list[str] | None,
    context: str | None,
    namespace: str = NAMESPACE,
    profile: str | None = None,
    given: Given | None = None,
    timeout: str | None = None,
    verify: bool = True,
) -> "Options":
    """The engine's options.

    Raises:
        typer.Exit: the timeout is no duration; that was told.
    """
    from learnflow_infra.engine.request.planning import Options
    from learnflow_infra.values import Flags

    said = {name: tuple(texts) for name, texts in (given or {}).items()}
    return Options(
        skills=tuple(skills or ()),
        mirrors=said.pop("mirrors", ()),
        flags=Flags(**said),
        profile=profile,
        context=context,
        namespace=namespace,
        timeout=_seconds(timeout),
        verify=verify,
    )


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return seconds(text)
    except ValueError as error:
        raise InputError(f"--timeout: {error}") from error
