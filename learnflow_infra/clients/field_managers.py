"""Pure: which managers keep setting a field of an object, by what the API server records."""

from learnflow_infra.clients.kube import HELM, MANAGER
from learnflow_infra.fields import items, part, text
from learnflow_infra.objects import Object

SCALE = "scale"
"""The subresource by which autoscalers and `kubectl scale` set a number of replicas."""
OWN = frozenset({HELM, MANAGER})
_CONTROLLERS = "kube-controller-manager"


def is_standing(manager: str, *, subresource: str = "", applies: bool = False) -> bool:
    """Whether a manager will set its fields again, such as an autoscaler; else it did once.

    Args:
        manager: its name.
        subresource: through which it set them, "" if through none.
        applies: it owns them by an apply.
    """
    autoscales = subresource == SCALE and not manager.startswith("kubectl")
    return applies or manager == _CONTROLLERS or autoscales


def keep_replicas(obj: Object) -> bool:
    """Whether others keep setting the number of replicas of a live object."""
    return any(
        "f:replicas" in part(entry, "fieldsV1", "f:spec")
        and text(entry, "manager") not in OWN
        and is_standing(
            text(entry, "manager"),
            subresource=text(entry, "subresource"),
            applies=text(entry, "operation") == "Apply",
        )
        for entry in items(obj, "metadata", "managedFields")
    )
