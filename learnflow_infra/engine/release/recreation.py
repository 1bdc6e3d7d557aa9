"""Pure: objects that have to be deleted and created again to be changed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from learnflow_infra.objects import Object, reference
from learnflow_infra.quantities import quantity

_LOSSES: Mapping[str, str] = {
    "StatefulSet": "its pods and claims stay, and the new one takes them over",
    "Deployment": "its pods end, and others start",
    "DaemonSet": "its pods end, and others start",
    "ReplicaSet": "its pods end, and others start",
    "Pod": "it ends with what its emptyDir volumes hold, and another starts",
    "Job": "its pods are deleted, and it runs again",
    "CronJob": "its jobs are deleted",
    "Service": "its cluster address changes, and connections through it end",
    "ConfigMap": "its content is replaced",
    "Secret": "its content is replaced",
    "Role": "its rules are missing for a moment",
    "RoleBinding": "the rights are missing for a moment",
    "ClusterRoleBinding": "the rights are missing for a moment",
    "StorageClass": "claims that exist keep their volumes",
    "PriorityClass": "pods that exist keep their priority",
    "IngressClass": "Ingresses of it are not served for a moment",
    "PodDisruptionBudget": "pods are not protected for a moment",
    "CSIDriver": "volumes cannot be mounted for a moment",
}
"""Kinds that hold no data of users, and what their deletion means."""


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """A change that the API server makes to no such object: `message` is its refusal."""

    desired: Object
    live: Object
    path: str
    message: str

    @property
    def orphans(self) -> bool:
        """Whether its pods outlive it."""
        return self.live["kind"] == "StatefulSet"

    @property
    def recreatable(self) -> bool:
        """Whether no data is lost if it is deleted and created again."""
        return self.live["kind"] in _LOSSES

    @property
    def loss(self) -> str:
        """What its deletion means."""
        unused = ", ".join(sorted(_sizes(self.live).keys() - _sizes(self.desired).keys()))
        rest = f"; its claims {unused} stay unused" if unused else ""
        return f"{reference(self.live)}: {_LOSSES.get(self.live['kind'], 'its data is lost')}{rest}"

    @property
    def reason(self) -> str:
        """The server's refusal without the dumps of Go values in it."""
        text = re.sub(r'^\S+ "[^"]*" is (?:invalid|forbidden): ', "", self.message)
        text = re.sub(r"Invalid value: .*?(?=: [A-Za-z ]+(?:[,.`]|$|\n))", "Invalid value", text)
        return text if len(text) < _LONGEST else f"{text[:_LONGEST]}…"


_LONGEST = 300


@dataclass(frozen=True, kw_only=True)
class Resize:
    """A claim template of a StatefulSet whose size changes; sizes as Kubernetes writes them."""

    template: str
    old: str
    new: str

    @property
    def grows(self) -> bool:
        """Whether the new size is larger."""
        return quantity(self.new) > quantity(self.old)


def resizes(fixed: Fixed) -> list[Resize]:
    """The claim templates of a StatefulSet that change their size."""
    old, new = _sizes(fixed.live), _sizes(fixed.desired)
    return [
        Resize(template=name, old=old[name], new=new[name])
        for name in old.keys() & new.keys()
        if quantity(old[name]) != quantity(new[name])
    ]


def _sizes(obj: Object) -> dict[str, str]:
    templates: Sequence[Any] = (obj.get("spec") or {}).get("volumeClaimTemplates") or ()
    return {
        item["metadata"]["name"]: str(item["spec"]["resources"]["requests"]["storage"])
        for item in templates
        if ((item["spec"].get("resources") or {}).get("requests") or {}).get("storage")
    }
