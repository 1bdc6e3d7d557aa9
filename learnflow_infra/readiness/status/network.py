"""The status of objects that make pods reachable."""

from learnflow_infra.fields import at, items, text
from learnflow_infra.objects import Object
from learnflow_infra.readiness.states import Status, current, progress


def service(obj: Object) -> Status:
    """Current once it exists; one of type LoadBalancer, once it has an address.

    Source: Helm's --wait, which accepts `externalIPs` in place of the balancer's address.
    """
    if text(obj, "spec", "type") != "LoadBalancer" or at(obj, "spec", "externalIPs"):
        return current("exists")
    if not items(obj, "status", "loadBalancer", "ingress"):
        return progress("its load balancer has no address yet")
    return current(f"reachable at {_addresses(obj) or 'its load balancer'}")


def ingress(obj: Object) -> Status:
    """Current once it exists: not every cluster has a controller that writes addresses."""
    addresses = _addresses(obj)
    return current(f"reachable at {addresses}" if addresses else "exists, without an address yet")


def endpoints(obj: Object) -> Status:
    """In progress while no address is ready; current without any address."""
    subsets = items(obj, "subsets")
    ready = sum(len(items(subset, "addresses")) for subset in subsets)
    waiting = sum(len(items(subset, "notReadyAddresses")) for subset in subsets)
    return _ready(ready, waiting)


def endpoint_slice(obj: Object) -> Status:
    """As Endpoints; an endpoint without the condition `ready` counts as ready."""
    living = [e for e in items(obj, "endpoints") if not at(e, "conditions", "terminating")]
    ready = sum(at(e, "conditions", "ready") is not False for e in living)
    return _ready(ready, len(living) - ready)


def _ready(ready: int, waiting: int) -> Status:
    if not ready + waiting:
        return current("no address: no pod is selected")
    state = current if ready else progress
    return state(f"{ready} of {ready + waiting} addresses ready")


def _addresses(obj: Object) -> str:
    points = items(obj, "status", "loadBalancer", "ingress")
    return ", ".join(filter(None, (text(a, "hostname") or text(a, "ip") for a in points)))
