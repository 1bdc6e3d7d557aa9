"""Errors of the Kubernetes API: a class for each status code that a caller handles."""

import re

from learnflow_infra import rights
from learnflow_infra.errors import ClusterUnreachableError, FoundationError, ReleaseFailedError
from learnflow_infra.remedy import Command, Remedy, Words

_REFUSALS = re.compile(
    r"immutable|read-only|once set|can ?not (?:be )?(?:change|update|modif|less than)"
    r"|may not (?:be )?(?:change|update|modif)|updates to .*forbidden|must support resize"
    r"|can ?not be less than|can only be (?:increased|expanded)|shrink",
    re.IGNORECASE | re.DOTALL,
)
"""Words of the API server, of admission plugins and of CRDs' rules for a change.

Source: ValidateImmutableField and the ValidateUpdate functions of Kubernetes' API groups; the
admission plugin PersistentVolumeClaimResize.
"""


class ApiError(ReleaseFailedError):
    """The API server refused a request; `status` is the HTTP code, `message` its text."""

    def __init__(
        self, status: int, message: str, *, what: str = "", why: Words = "", remedy: Words = ""
    ) -> None:
        what = what or f"The API server answered {status}: {message}"
        super().__init__(what, why=why, remedy=remedy)
        self.status, self.message = status, message

    @property
    def refuses_change(self) -> bool:
        """Whether the server refuses a change as such, and not the object or the user."""
        return self.status in {400, 403, 422} and bool(_REFUSALS.search(self.message))


class ForbiddenError(ApiError):
    """403: the user lacks the right, or the server does not admit the object."""


class MissingRightError(ForbiddenError, FoundationError):
    """403: the user lacks the right."""

    exit_code = FoundationError.exit_code
    title = FoundationError.title


class NotFoundError(ApiError):
    """404: the object, kind or namespace does not exist."""


class ConflictError(ApiError):
    """409: the object exists already, or has another uid or version than the caller expects."""


class GoneError(ApiError):
    """410: the resourceVersion is too old for a watch; list the collection again."""


_INTERNAL = "500: Internal error occurred"
"""A server that answers, such as one whose admission webhook fails. Source: NewInternalError."""
_FORBIDDEN = 403
ASK = Remedy("An administrator applies once what this prints: ", Command("rights", "--as-manifest"))
"""What to do about a missing right."""
_CLASSES: dict[int, type[ApiError]] = {
    _FORBIDDEN: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
}


def refusal(status: int, message: str) -> ApiError:
    """The error for an answer of the API server.

    Args:
        status: the HTTP code; also `code` in a Status object (meta/v1).
        message: the server's text.
    """
    if status == _FORBIDDEN and rights.lacks_right(message):
        return missing_right(message)
    return _CLASSES.get(status, ApiError)(status, message)


def missing_right(message: str) -> MissingRightError:
    """The error for a missing right, from a message of the API server or of helm."""
    right = rights.denied(message)
    what = f"You may not {right}." if right else "You may not do that."
    return MissingRightError(_FORBIDDEN, message, what=what, why=message, remedy=ASK)


def silent(server: str, why: str) -> ClusterUnreachableError | ApiError:
    """The error for a server that does not answer, or that fails at the request each time.

    Args:
        server: its URL.
        why: the text of the last fault, which begins with the HTTP code, if there is one.
    """
    if why.startswith(_INTERNAL):
        return ApiError(500, why.removeprefix("500: "))
    return ClusterUnreachableError(
        f"The API server at {server} does not answer.",
        why=why,
        remedy=Remedy("Is the cluster running? See: ", Command("doctor")),
    )


def lost(method: str, url: str, why: str) -> ClusterUnreachableError:
    """The error for a request that may have been executed, and must not be repeated."""
    return ClusterUnreachableError(
        f"The answer of the API server to {method} {url} was lost.",
        why=f"{why}\nThe server may have executed it, so it was not sent again.",
        remedy="Run the same command again: it compares with the cluster first.",
    )
