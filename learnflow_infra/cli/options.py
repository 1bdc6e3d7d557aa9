"""Options that verbs share, named as in Helm and kubectl, and converted for the engine."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer._click.globals import get_current_context

from learnflow_infra.cli.ask import confirm
from learnflow_infra.cli.run import exit_on_error
from learnflow_infra.cli.show import commands
from learnflow_infra.errors import InputError
from learnflow_infra.quantities import seconds

if TYPE_CHECKING:
    from learnflow_infra.engine.request.options import Options
    from learnflow_infra.values import Flags


class Output(StrEnum):
    """The format of a result."""

    text = "text"
    json = "json"


class EndpointOutput(StrEnum):
    """The format of endpoints."""

    text = "text"
    json = "json"
    env = "env"


Skills = Annotated[
    list[str] | None, typer.Argument(metavar="SKILL", help="Skills; all of them by default.")
]
Files = Annotated[
    list[Path] | None,
    typer.Option("--values", "-f", help="Values file; top-level keys are releases. Repeatable."),
]
SetValues = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="RELEASE.KEY=VALUE", help="Like helm's --set: a.b=1,c={x,y}."),
]
SetStrings = Annotated[
    list[str] | None,
    typer.Option("--set-string", metavar="RELEASE.KEY=TEXT", help="Like helm's --set-string."),
]
SetJson = Annotated[
    list[str] | None,
    typer.Option("--set-json", metavar="RELEASE.KEY=JSON", help="Like helm's --set-json."),
]
SetFiles = Annotated[
    list[str] | None,
    typer.Option("--set-file", metavar="RELEASE.KEY=PATH", help="Like helm's --set-file."),
]
Mirrors = Annotated[
    list[str] | None,
    typer.Option(
        "--image-mirror",
        metavar="FROM=TO",
        help="Pull from the registry TO instead of FROM. Repeatable.",
    ),
]
_PROFILE = "Which charts and images to use: embedded or upstream."
_BY_CLUSTER = "embedded on the embedded cluster, upstream elsewhere."
ProfileName = Annotated[
    str | None,
    typer.Option(
        "--profile",
        help=f"{_PROFILE} Default: that of the last deploy to the namespace; before the first one "
        f"{_BY_CLUSTER}",
    ),
]
ProfileOfCluster = Annotated[
    str | None, typer.Option("--profile", help=f"{_PROFILE} Default: {_BY_CLUSTER}")
]
ProfileOfBundle = Annotated[str, typer.Option("--profile", help=_PROFILE)]
Context = Annotated[
    str | None,
    typer.Option("--context", envvar="LEARNFLOW_CONTEXT", help="Context of your kubeconfig."),
]
Namespace = Annotated[str, typer.Option("--namespace", "-n", help="Namespace of the releases.")]
Timeout = Annotated[
    str | None, typer.Option("--timeout", help="Longest wait for each release, such as 5m.")
]
ReuseValues = Annotated[
    bool,
    typer.Option(
        "--reuse-values",
        help="Keep the values of the last deploy; -f and --set override them, as in Helm.",
    ),
]
KeepForeign = Annotated[
    bool,
    typer.Option(
        "--keep-foreign",
        help="Keep the values that somebody set with helm since the last deploy; -f and --set "
        "override them.",
    ),
]
AllowRecreate = Annotated[
    bool,
    typer.Option(
        "--allow-recreate",
        help="Delete and create again what cannot be changed; the pods and claims of a StatefulSet "
        "stay. Asks before.",
    ),
]
ForceConflicts = Annotated[
    bool,
    typer.Option(
        "--force-conflicts", help="Overwrite fields that others have set since, like helm's flag."
    ),
]
Verify = Annotated[bool, typer.Option("--verify/--no-verify", help="Verify at the end.")]
Adopt = Annotated[
    bool,
    typer.Option(
        "--adopt",
        help="Take over releases, objects and volumes that others made. Asks before.",
    ),
]
Rollback = Annotated[
    bool,
    typer.Option(
        "--rollback/--no-rollback",
        help="Go back to the last verified revision if an upgrade or its verification fails.",
    ),
]
OutputOption = Annotated[Output, typer.Option("--output", "-o", help="Format of the result.")]
Progress = Annotated[
    bool,
    typer.Option("--progress", help="Write events, and the error, to stderr as lines of JSON."),
]
DetailedExitcode = Annotated[
    bool,
    typer.Option(
        "--detailed-exitcode", help="Exit code 2 if there are changes, 0 if there are none."
    ),
]
NAMESPACE = "learnflow"


def flags(
    files: Sequence[Path] | None,
    set_values: Sequence[str] | None,
    set_strings: Sequence[str] | None,
    set_json: Sequence[str] | None,
    set_files: Sequence[str] | None,
) -> "Flags":
    """Helm's values flags as one value."""
    from learnflow_infra.values import Flags

    return Flags(
        files=tuple(files or ()),
        set_values=tuple(set_values or ()),
        set_string=tuple(set_strings or ()),
        set_json=tuple(set_json or ()),
        set_file=tuple(set_files or ()),
    )


@exit_on_error()
def options(
    *,
    skills: Sequence[str] | None,
    context: str | None,
    namespace: str = NAMESPACE,
    profile: str | None = None,
    flags: "Flags | None" = None,
    mirrors: Sequence[str] | None = None,
    timeout: str | None = None,
    verify: bool = True,
    reuse_values: bool = False,
    keep_foreign: bool = False,
    rollback: bool = True,
    allow_recreate: bool = False,
    yes: bool = False,
    progress: bool = False,
    adopt: bool = False,
    force_conflicts: bool = False,
) -> "Options":
    """The engine's options.

    Raises:
        typer.Exit: the timeout is not a duration; the error was printed.
    """
    from learnflow_infra.engine.request.options import Options
    from learnflow_infra.values import Flags

    commands.remember(get_current_context(silent=True))
    return Options(
        skills=tuple(skills or ()),
        mirrors=tuple(mirrors or ()),
        flags=flags or Flags(),
        profile=profile,
        context=context,
        namespace=namespace,
        timeout=_seconds(timeout),
        verify=verify,
        reuse_values=reuse_values,
        keep_foreign=keep_foreign,
        rollback=rollback,
        allow_recreate=allow_recreate,
        confirm=confirm(yes=yes, progress=progress),
        adopt=adopt,
        force_conflicts=force_conflicts,
        recorded=commands.recorded,
    )


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return seconds(text)
    except ValueError as error:
        raise InputError(f"--timeout: {error}") from error
