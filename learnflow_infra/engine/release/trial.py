"""Why the API server would refuse an object: dry runs of server-side apply."""

from collections.abc import Collection

from learnflow_infra.clients import dry_run
from learnflow_infra.clients.api_errors import ApiError, ForbiddenError, NotFoundError
from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.release.admission import SUBSTITUTE
from learnflow_infra.objects import Object
from learnflow_infra.readiness import causes
from learnflow_infra.readiness.causes import Code

_INVALID = 422
_UNDECIDED = {Code.AdmissionWebhookUnreachable, Code.MissingServiceAccount}
"""What another object of the same run may mend before helm sends this one."""
_WRITTEN_WRONG = {None, Code.ResourceRejected}


def fault(kube: Kube, path: str, obj: Object, created: Collection[str]) -> str:
    """Why the API server would refuse an object; "" if it would not.

    Args:
        kube: the cluster.
        path: of the object in the API.
        obj: as in a `Manifest`.
        created: the namespaces that the run creates.
    """
    try:
        dry_run.ask(kube, path, obj)
    except NotFoundError as error:
        return _fault_elsewhere(kube, path, obj, error, created)
    except ApiError as error:
        merged = _is_of_live_object(kube, path, obj, error)  # as of `value` beside `valueFrom`
        return "" if merged or _undecided(error) else error.message
    return ""


def is_written_wrong(fault: str) -> bool:
    """Whether the object is refused as it is written, and not for a quota, a policy or a right."""
    return _cause(fault) in _WRITTEN_WRONG


def _undecided(error: ApiError) -> bool:
    """Whether the error may be over when helm sends the object, or is the server's own."""
    return _cause(error.message) in _UNDECIDED or error.message.startswith("Internal error")


def _fault_elsewhere(
    kube: Kube, path: str, obj: Object, error: ApiError, created: Collection[str]
) -> str:
    """Why an object would be refused in a namespace that does not exist yet.

    It is tried in another, so that what depends on the namespace counts for nothing: rights,
    quotas, policies, and an object of the same name.
    """
    namespace = path.partition("/namespaces/")[2].partition("/")[0]
    if f'namespaces "{namespace}" not found' not in error.message:
        return ""  # what it refers to may be another object of the run
    if namespace not in created:
        return error.message
    path = path.replace(f"/namespaces/{namespace}/", f"/namespaces/{SUBSTITUTE}/")
    metadata = {key: value for key, value in obj["metadata"].items() if key != "namespace"}
    moved: Object = {**obj, "metadata": metadata}  # type: ignore[typeddict-item]
    try:
        dry_run.ask(kube, path, moved)
    except (ForbiddenError, NotFoundError):
        return ""
    except ApiError as refused:
        counts = is_written_wrong(refused.message)
        of_namesake = _is_of_live_object(kube, path, moved, refused)
        return refused.message if counts and not of_namesake else ""
    return ""


def _is_of_live_object(kube: Kube, path: str, obj: Object, error: ApiError) -> bool:
    """Whether only the live object of that name makes the object invalid.

    An apply leaves fields that another manager owns, helm's among them; helm's own patch removes
    them. What cannot be changed at all is found by that patch, see `immutable`.
    """
    if error.status != _INVALID:
        return False
    try:
        dry_run.create(kube, path, obj)
    except ApiError:
        return False
    return True


def _cause(message: str) -> str | None:
    cause = causes.from_refusal(message)
    return cause.code if cause else None
