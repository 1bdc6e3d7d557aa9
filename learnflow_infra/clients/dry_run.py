"""Dry runs: whether the API server would take an object, with unknown and duplicate fields refused.

`fieldValidation=Strict` is what Helm 4 sends; a warning of the server is no refusal.
"""

from learnflow_infra.clients.api_errors import ApiError, ConflictError, ForbiddenError
from learnflow_infra.clients.kube import APPLY, MANAGER, Kube
from learnflow_infra.hooks import is_hook
from learnflow_infra.objects import Object

PATIENCE = 5.0
"""Seconds for which a request is repeated while the server fails at it."""
_STRICT = {"dryRun": "All", "fieldManager": MANAGER, "fieldValidation": "Strict"}
_UNSUPPORTED = "does not support dry run"
"""Source: dispatcher.go of apiserver's admission webhooks."""


def ask(kube: Kube, path: str, obj: Object) -> None:
    """Try an object as helm sends it: objects of hooks are always created.

    Args:
        kube: the cluster.
        path: of the object in the API.
        obj: as in a `Manifest`.

    Raises:
        ApiError: the API server refuses it.
    """
    if is_hook(obj):
        create(kube, path, _unnamed(obj))
        return
    try:
        apply(kube, path, obj)
    except ForbiddenError:  # a user who may create, but not apply
        create(kube, path, obj)


def apply(kube: Kube, path: str, obj: Object) -> None:
    """Apply an object server-side, at its path in the API.

    Raises:
        ApiError: the server refuses it.
    """
    query = {**_STRICT, "force": "true"}
    try:
        kube.request("PATCH", path, body=obj, query=query, content_type=APPLY, patience=PATIENCE)
    except ApiError as error:
        _require_asked(error)


def create(kube: Kube, path: str, obj: Object) -> None:
    """Create an object whose path in the API is given; one that exists is no error.

    Raises:
        ApiError: the server refuses it.
    """
    collection = path.rpartition("/")[0]
    try:
        kube.request(
            "POST", collection, body=obj, query=_STRICT, repeatable=True, patience=PATIENCE
        )
    except ConflictError:
        return
    except ApiError as error:
        _require_asked(error)


def _unnamed(obj: Object) -> Object:
    """A hook's object without the name that stands for a generated one, see `Manifest`."""
    metadata = obj["metadata"]
    if metadata["name"] != metadata.get("generateName"):
        return obj
    return {**obj, "metadata": {k: v for k, v in metadata.items() if k != "name"}}  # type: ignore[typeddict-item]


def _require_asked(error: ApiError) -> None:
    """Raise the error, unless an admission webhook refuses all dry runs."""
    if _UNSUPPORTED not in error.message:
        raise error
