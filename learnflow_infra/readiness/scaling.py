"""Pure: numbers of replicas that differ from those of the manifest.

Somebody may scale an object by hand. Where an autoscaler or an operator keeps setting the number,
theirs is the right one.
"""

from collections.abc import Iterable, Mapping

from learnflow_infra.clients.field_managers import keep_replicas
from learnflow_infra.fields import at, text
from learnflow_infra.objects import Object, Reference, refer, reference
from learnflow_infra.readiness.states import Status, progress


def desired_replicas(objects: Iterable[Object]) -> dict[Reference, int]:
    """The numbers of replicas in a manifest, without those that its autoscalers change."""
    objects = list(objects)
    scaled = autoscaled(objects)
    numbers = {reference(obj): at(obj, "spec", "replicas") for obj in objects}
    return {n: number for n, number in numbers.items() if type(number) is int and n not in scaled}


def autoscaled(objects: Iterable[Object]) -> set[Reference]:
    """The targets of autoscalers: a HorizontalPodAutoscaler, or a ScaledObject of KEDA.

    KEDA makes a HorizontalPodAutoscaler, too, and needs no kind for a Deployment.
    """
    targets = (at(obj, "spec", "scaleTargetRef") for obj in objects)
    return {refer(text(t, "kind", default="Deployment"), text(t, "name")) for t in targets if t}


def differences(
    own: Iterable[Object], manifest: Mapping[Reference, int], around: Iterable[Object]
) -> dict[Reference, int]:
    """The manifest's numbers for objects that have another one, which nobody keeps setting."""
    numbers = {reference(o): at(o, "spec", "replicas") for o in own if not keep_replicas(o)}
    common = manifest.keys() & numbers.keys()
    differing = {name for name in common if numbers[name] != manifest[name]}
    left = differing - autoscaled(around) if differing else differing
    return {name: manifest[name] for name in sorted(left)}


def scaled_status(obj: Object, number: int) -> Status:
    """The status of an object with another number of replicas than in its manifest."""
    return progress(f"scaled to {at(obj, 'spec', 'replicas')}, its manifest asks for {number}")
