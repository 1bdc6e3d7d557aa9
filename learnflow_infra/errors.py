"""Error classes: each carries its exit code, what happened, why, and what to do next."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from learnflow_infra.remedy import Remedy, Words, join_lines

UNCHANGED = "No release was changed."
"""The sentence for `accounted` while a run has changed no release."""
EXIT_INTERRUPTED = 130
"""Ctrl-C (128 + SIGINT), as shells report it."""
EXIT_CHANGES = 2
"""Changes, with `--detailed-exitcode`, as of helm-diff and terraform."""


class LearnflowError(Exception):
    """An error that a person can act on.

    A subclass may have another constructor, if each of its parameters is also an attribute of
    that name: errors cross processes by `document` and `from_document`, which use these names.

    Args:
        what: one sentence, what happened.
        why: the cause or the evidence; may span lines.
        remedy: what to type or change next.
        causes: the causes behind `why` as plain documents, the worst first; see
            readiness.causes.
    """

    exit_code: ClassVar[int] = 1
    title: ClassVar[str] = "bug"

    def __init__(
        self,
        what: str,
        *,
        why: Words = "",
        remedy: Words = "",
        causes: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(what)
        self.what: Final = what
        self.why: Final = why
        self.remedy: Final = remedy
        self.causes: Final = tuple(causes)

    def __str__(self) -> str:
        """What, why and remedy, each on separate lines; empty ones are left out."""
        return str(join_lines(self.what, self.why, self.remedy))

    def document(self) -> dict[str, Any]:
        """The error as JSON, which `from_document` reads.

        `classes` are the names of its class and of its base classes, the nearest first.
        """
        kinds = [kind for kind in type(self).__mro__ if issubclass(kind, LearnflowError)]
        names = dict.fromkeys([*parameters(LearnflowError), *parameters(type(self))])
        fields = {name: _plain(getattr(self, name)) for name in names}
        return {"classes": [_name(kind) for kind in kinds], **fields}


def followed_by(error: LearnflowError, *sentences: str, why: str = "") -> LearnflowError:
    """The error, in its class, with sentences about what was done after it, and lines of `why`."""
    what = " ".join([error.what, *sentences])
    return from_document(
        error.document() | {"what": what, "why": _plain(join_lines(error.why, why))}
    )


@contextmanager
def accounted(*sentences: str) -> Iterator[None]:
    """Let an error of the block end with sentences about what was done before it."""
    try:
        yield
    except LearnflowError as error:
        raise followed_by(error, *sentences) from error


def from_document(document: Mapping[str, Any]) -> LearnflowError:
    """The error of a `document`, in the nearest of its classes that this process has loaded."""
    loaded = {_name(kind): kind for kind in subclasses()}
    kind = next((loaded[name] for name in document["classes"] if name in loaded), LearnflowError)
    fields = {name: document[name] for name in parameters(kind)}
    for name in fields.keys() & {"why", "remedy"}:
        if not isinstance(fields[name], str):
            fields[name] = Remedy.from_document(fields[name])
    return kind(**fields)


def subclasses(kind: type[LearnflowError] = LearnflowError) -> Iterator[type[LearnflowError]]:
    """Every direct and indirect subclass of `kind` in the loaded modules."""
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


def parameters(kind: type[LearnflowError]) -> list[str]:
    """The names of the constructor's parameters."""
    return list(inspect.signature(kind).parameters)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _plain(value: Any) -> Any:
    return value.document() if isinstance(value, Remedy) else value


class InputError(LearnflowError):
    """The command line, a skill or a values file is malformed, or names something unknown."""

    exit_code = 3
    title = "input"


class ClusterUnreachableError(LearnflowError):
    """No API server answers, or the context does not exist."""

    exit_code = 4
    title = "cluster unreachable"


class ArtifactError(LearnflowError):
    """A chart or an image cannot be pulled or built."""

    exit_code = 5
    title = "chart or image not obtainable"


class ReleaseFailedError(LearnflowError):
    """Helm could not install, upgrade or remove a release."""

    exit_code = 6
    title = "release failed"


class NotReadyError(LearnflowError):
    """A release was not ready, or not removed, in time."""

    exit_code = 7
    title = "not ready in time"


class VerificationError(LearnflowError):
    """A verification check failed."""

    exit_code = 8
    title = "verification failed"


class LockedError(LearnflowError):
    """Another run is changing the same thing."""

    exit_code = 9
    title = "locked"


class RefusedError(LearnflowError):
    """Continuing would risk data, or change a cluster that the user did not name."""

    exit_code = 10
    title = "refused for safety"


class FoundationError(LearnflowError):
    """The foundation gate failed: the cluster or this checkout lacks what a deploy needs."""

    exit_code = 11
    title = "foundation check failed"


class HostError(LearnflowError):
    """This machine cannot run the embedded cluster in its present state."""

    exit_code = 12
    title = "host cannot run the embedded cluster"
