"""Pure: what a deploy refuses because of operators that others run."""

from collections.abc import Collection, Sequence

from learnflow_infra.engine.request.operators import Operator
from learnflow_infra.errors import FoundationError, RefusedError
from learnflow_infra.models import ReleaseName


def require(operators: Sequence[Operator], namespace: str, taken: Collection[ReleaseName]) -> None:
    """Raise an error for an operator that cannot be used and cannot be ignored.

    Args:
        operators: of others.
        namespace: of the deploy.
        taken: the releases of whose objects of the whole cluster somebody else made some.

    Raises:
        FoundationError: the one that is used is scaled to 0.
        RefusedError: one is in the way of that which a release would install.
    """
    serving = [one for one in operators if one.serves(namespace)]
    if serving and all(one.stopped for one in serving):
        raise _stopped(serving[0])
    served = {one.release.name for one in serving}
    for one in operators:
        name = one.release.name
        if name not in served and not one.beside and (one.sees(namespace) or name in taken):
            raise _in_the_way(one, namespace)


def _stopped(one: Operator) -> FoundationError:
    return FoundationError(
        f"The operator {one.namespace}/{one.name} is scaled to 0.",
        why=f"It is used instead of the release {one.release.name}: it is {one}.",
        remedy=f"kubectl -n {one.namespace} scale deployment/{one.name} --replicas=1",
    )


def _in_the_way(one: Operator, namespace: str) -> RefusedError:
    """What it is, and how it can be used."""
    spec = next(source.operator for source in one.release.profiles.values() if source.operator)
    return RefusedError(
        f"Another operator is in the way of the release {one.release.name}.",
        why=f"It is {one}. This release needs version {one.needed}, watching {namespace}.",
        remedy=spec.remedy.fill(
            namespace=namespace,
            version=one.needed,
            operatorNamespace=one.namespace,
            namespaces=one.wider(namespace),
        ),
    )
