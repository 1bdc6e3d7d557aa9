"""The options of the command line."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from learnflow_infra.engine.request import confirmation
from learnflow_infra.engine.request.confirmation import Confirm
from learnflow_infra.errors import InputError
from learnflow_infra.remedy import Words
from learnflow_infra.values import Flags

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of the command line; `timeout` is in seconds, for each release.

    `confirm` answers before a step that destroys or takes over. `adopt` takes over what others
    made under the names of the releases. `reuse_values` puts the values of the last deploy below
    the flags, `keep_foreign` those that somebody set with helm since. `allow_recreate` lets
    objects be deleted and created again, where a change is not possible otherwise.
    `force_conflicts` overwrites fields that others set. `recorded` writes the commands of a text
    for a file.
    """

    skills: Sequence[str] = ()
    flags: Flags = field(default_factory=Flags)
    mirrors: Sequence[str] = ()
    profile: str | None = None
    context: str | None = None
    namespace: str = "learnflow"
    timeout: float | None = None
    verify: bool = True
    reuse_values: bool = False
    keep_foreign: bool = False
    allow_recreate: bool = False
    force_conflicts: bool = False
    rollback: bool = True
    confirm: Confirm = confirmation.refuse
    adopt: bool = False
    recorded: Callable[[Words], str] = str

    def __post_init__(self) -> None:
        """Check the namespace, which becomes a part of paths and host names.

        Raises:
            InputError: it is no DNS label (RFC 1123).
        """
        if not _LABEL.fullmatch(self.namespace):
            raise InputError(
                f"{self.namespace!r} is no name for a namespace.",
                why="A name has up to 63 lower case letters, digits and dashes, and begins and "
                "ends with a letter or a digit.",
            )
