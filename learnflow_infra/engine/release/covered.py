"""Pure: what a verification of a release covers, so that a later run sees what is another now.

An object is known by what changes when it is replaced: a pod by its uid and the restarts of its
containers, a claim by its uid, a Service by its uid, address and ports.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from learnflow_infra.engine.release.pod_needs import of_pod
from learnflow_infra.fields import items, text
from learnflow_infra.objects import Object, Reference, reference
from learnflow_infra.readiness.mounted import mounted
from learnflow_infra.readiness.states import ends

CLAIM = "PersistentVolumeClaim/"
"""How references of claims begin."""


@dataclass(frozen=True, kw_only=True)
class Covered:
    """The identity of each pod, claim and Service, and the Secrets that its pods need."""

    objects: Mapping[Reference, str] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()

    @property
    def claims(self) -> dict[str, str]:
        """The uid of each claim, by its name."""
        return {
            name.removeprefix(CLAIM): identity
            for name, identity in self.objects.items()
            if name.startswith(CLAIM)
        }


def covered(objects: Iterable[Object], claims: Iterable[Object] = ()) -> Covered:
    """What a verification covers.

    Args:
        objects: of the release.
        claims: of the namespace, of which those count that the release's pods use.
    """
    own = list(objects)
    pods = [obj for obj in own if obj["kind"] == "Pod" and not ends(obj)]
    services = [obj for obj in own if obj["kind"] == "Service"]
    return Covered(
        objects={
            **{reference(obj): _pod(obj) for obj in pods},
            **{reference(obj): _service(obj) for obj in services},
            **{reference(obj): str(obj["metadata"]["uid"]) for obj in mounted(own, claims)},
        },
        secrets=frozenset(
            need.name for pod in pods for need in of_pod(pod["spec"]) if need.kind == "Secret"
        ),
    )


def _pod(pod: Object) -> str:
    restarts = [item.get("restartCount", 0) for item in items(pod, "status", "containerStatuses")]
    return " ".join(map(str, [pod["metadata"]["uid"], *restarts]))


def _service(service: Object) -> str:
    ports = [
        f"{port.get('port')}:{port.get('targetPort')}:{port.get('nodePort', '')}"
        for port in items(service, "spec", "ports")
    ]
    return " ".join([service["metadata"]["uid"], text(service, "spec", "clusterIP"), *ports])
