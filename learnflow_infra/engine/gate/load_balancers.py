"""Pure: check that somebody gives a load balancer its address."""

from collections.abc import Mapping, Sequence

from learnflow_infra.checks import Check
from learnflow_infra.fields import at
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Object, reference

_TYPE = "LoadBalancer"


def requested(manifests: Mapping[ReleaseName, Sequence[Object]]) -> list[str]:
    """The rendered Services of type LoadBalancer, as `Service/name`."""
    return [
        str(reference(obj))
        for objects in manifests.values()
        for obj in objects
        if obj["kind"] == "Service" and at(obj, "spec", "type") == _TYPE
    ]


def check(names: Sequence[str], services: Sequence[Object], cluster: str) -> Check:
    """Check that a load balancer of an embedded cluster can get an address.

    The embedded cluster has no controller for load balancers. One that a user installed shows
    by an address that it gave to a Service.

    Args:
        names: of the Services that need one.
        services: all of the cluster.
        cluster: its name, for the message.
    """
    served = any(
        obj.get("status", {}).get("loadBalancer", {}).get("ingress")
        for obj in services
        if at(obj, "spec", "type") == _TYPE
    )
    if served or not names:
        return Check(name="load balancers", passed=True, message="served")
    return Check(
        name="load balancers",
        passed=False,
        message=f"nothing in the cluster {cluster} gives {', '.join(names)} an address",
        remedy="Set the type of the Service to NodePort, whose ports this host reaches.",
    )
