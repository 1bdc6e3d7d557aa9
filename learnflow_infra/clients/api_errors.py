"""Errors of the Kubernetes API: a class for each refusal that somebody handles."""

from learnflow_infra.errors import ClusterUnreachableError, ReleaseFailedError
from learnflow_infra.remedy import Command, Remedy


class ApiError(ReleaseFailedError):
    """The API server refused a request; `status` is the HTTP code, `message` its text."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"The API server answered {status}: {message}")
        self.status, self.message = status, message


class ForbiddenError(ApiError):
    """403: the user lacks the right."""


class NotFoundError(ApiError):
    """404: there is no such object, kind or namespace."""


class ConflictError(ApiError):
    """409: the object exists already, or is another one than the caller expects."""


class GoneError(ApiError):
    """410: the resourceVersion is too old for a watch; the collection has to be listed again."""


_CLASSES: dict[int, type[ApiError]] = {
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
}


def refusal(status: int, message: str) -> ApiError:
    """The error for an answer of the API server.

    Args:
        status: the HTTP code; also `code` in a Status object (meta/v1).
        message: the server's own.
    """
    return _CLASSES.get(status, ApiError)(status, message)


def silent(server: str, why: str) -> ClusterUnreachableError:
    """The error for a server that gives no answer, or none that lasts."""
    return ClusterUnreachableError(
        f"The API server at {server} does not answer.",
        why=why,
        remedy=Remedy("Is the cluster running? See: ", Command("doctor")),
    )


def lost(method: str, url: str, why: str) -> ClusterUnreachableError:
    """The error for a request that may have been carried out, and must not be twice."""
    return ClusterUnreachableError(
        f"The answer of the API server to {method} {url} was lost.",
        why=f"{why}\nThe server may have carried it out, so it was not sent again.",
        remedy="Run the same command again: it compares with the cluster first.",
    )
