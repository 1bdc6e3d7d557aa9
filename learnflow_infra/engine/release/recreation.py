"""Pure: objects that have to be deleted and created again to be changed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from learnflow_infra.fields import items, part
from learnflow_infra.objects import Fields, Object, reference
from learnflow_infra.pod_specs import pod_specs, pod_templates
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
_RESTARTED = "its claims stay, and its pods start again"
_FLEETING = ("emptyDir", "ephemeral")
"""Kinds of volumes that are deleted with their pod."""


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
        """Whether no claim loses its data if it is deleted and created again."""
        return self.live["kind"] in _LOSSES

    @property
    def loss(self) -> str:
        """What its deletion means."""
        dropped = _dropped(self.live, self.desired)
        restarted = dropped or not _keeps_pods(self.live, self.desired)
        kept = _RESTARTED if restarted else _LOSSES.get(self.live["kind"], "its data is lost")
        return f"{reference(self.live)}: {'; '.join([kept, *dropped])}"

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


def adopts(desired: Object, labels: Mapping[str, str]) -> bool:
    """Whether the selector of an object matches pods with these labels.

    Its controller leaves others alone; a pod that has the name of one of its own blocks that one.
    """
    return part(desired, "spec", "selector", "matchLabels").items() <= labels.items()


def _keeps_pods(live: Object, desired: Object) -> bool:
    """Whether the new object adopts the pods of the old one, if it is a StatefulSet."""
    template = next(pod_templates(live), None)
    labels = part(template or {}, "metadata", "labels")
    return live["kind"] != "StatefulSet" or adopts(desired, labels)


def _dropped(live: Object, desired: Object) -> list[str]:
    """The volumes of a StatefulSet's pods whose data its new pods do not have, a line each."""
    if live["kind"] != "StatefulSet":
        return []
    new, keeps = _volumes(desired), _keeps_pods(live, desired)
    return [
        _line(name, *source)
        for name, source in sorted(_volumes(live).items())
        if new.get(name) != source or (source[0] in _FLEETING and not keeps)
    ]


def _line(name: str, kind: str, claim: str) -> str:
    if kind in _FLEETING:
        return f"the data in the {kind} {name} go with its pods"
    if kind == "persistentVolumeClaim":
        return f"the claim {claim} stays unused, and its pods start without its data"
    return f"its claims {name} stay unused, and its pods start without their data"


def _volumes(obj: Object) -> dict[str, tuple[str, str]]:
    """The kind of each volume that pods mount, and its claim if it names one, by its name."""
    spec: Fields = next(pod_specs(obj), {})
    used = {
        mount["name"]
        for key in ("containers", "initContainers")
        for container in items(spec, key)
        for mount in items(container, "volumeMounts")
    }
    own = [item for item in items(spec, "volumes") if item["name"] in used]
    kinds = (*_FLEETING, "persistentVolumeClaim")
    return {
        **{
            item["name"]: (kind, part(item, kind).get("claimName", ""))
            for item in own
            for kind in kinds
            if kind in item
        },
        **{
            item["metadata"]["name"]: ("template", "")
            for item in items(obj, "spec", "volumeClaimTemplates")
        },
    }


def _sizes(obj: Object) -> dict[str, str]:
    templates: Sequence[Any] = (obj.get("spec") or {}).get("volumeClaimTemplates") or ()
    return {
        item["metadata"]["name"]: str(item["spec"]["resources"]["requests"]["storage"])
        for item in templates
        if ((item["spec"].get("resources") or {}).get("requests") or {}).get("storage")
    }
