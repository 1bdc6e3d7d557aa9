"""The foundation gate: requirements of a cluster, checked before any release is changed.

All checks run, and all failures are reported at once. The verdicts are pure functions over
Kubernetes objects; `cluster_checks`, `manifest_checks` and `port_checks` send requests.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from learnflow_infra.checks import Check
from learnflow_infra.clients import api_paths
from learnflow_infra.clients.access import Access
from learnflow_infra.clients.api_errors import ForbiddenError
from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.gate import claims, nodes, port_requests, ports, quotas
from learnflow_infra.engine.gate.asked import Needed, Use
from learnflow_infra.engine.gate.capacity import capacity
from learnflow_infra.engine.gate.demand import Demand
from learnflow_infra.engine.gate.rights import rights
from learnflow_infra.errors import FoundationError, InputError, LearnflowError
from learnflow_infra.models import ReleaseName
from learnflow_infra.objects import Fields, Object, ServerVersion
from learnflow_infra.quantities import counted
from learnflow_infra.remedy import Command, Remedy, join_lines
from learnflow_infra.versions import minor

OLDEST = "1.27"
"""Kubernetes minor from which the charts' API versions and server-side apply are stable."""


def cluster_checks(
    kube: Kube,
    access: Access,
    needed: Callable[[], Needed],
    *,
    oldest: Mapping[ReleaseName, str] | None = None,
    uses: Sequence[Use],
) -> list[Check]:
    """Check the version of a cluster, and the user's rights.

    Args:
        kube: the cluster.
        access: what the user may do there.
        needed: finds what rights are needed, for a user who is no administrator.
        oldest: the oldest minor version of Kubernetes that a release supports.
        uses: what the rights are needed for.

    Raises:
        ClusterUnreachableError: the API server does not answer.
    """
    version = kube.request("GET", "/version", patience=5)
    return [version_check(version, oldest or {}), rights(access, needed, uses)]


def manifest_checks(
    kube: Kube, namespace: str, demand: Demand, free_disk: int | None = None
) -> list[Check]:
    """Check that the cluster can hold the pods and claims of releases, in parallel.

    A user with rights in the namespace alone may not read cluster-scoped objects: a check
    that needs them passes, and its message says that it was not made.

    Args:
        kube: the cluster.
        namespace: of the releases.
        demand: of the releases that are installed or upgraded.
        free_disk: bytes that volumes of an embedded cluster can take; None for other clusters.
    """
    checks: dict[str, Callable[[], list[Check]]] = {
        "capacity": lambda: _capacity(kube, namespace, demand),
        "storage": lambda: _storage(kube, namespace, demand, free_disk),
        "quota": lambda: _quotas(kube, namespace, demand),
    }
    with ThreadPoolExecutor(len(checks)) as pool:
        results = list(pool.map(_if_allowed, checks.keys(), checks.values()))
    return [check for group in results for check in group]


def _capacity(kube: Kube, namespace: str, demand: Demand) -> list[Check]:
    if not demand.workloads:
        return []
    objects = kube.items(api_paths.NODES)
    pods = [pod for pod in kube.items("/api/v1/pods") if not demand.owns(pod, namespace)]
    return capacity(nodes.usable(objects, pods), demand.workloads, demand.values)  # type: ignore[arg-type]


def _quotas(kube: Kube, namespace: str, demand: Demand) -> list[Check]:
    here = [item for item in demand.workloads if item.namespace in {"", namespace}]
    found = kube.items(api_paths.quotas(namespace)) if here else []
    live = kube.items(api_paths.pods(namespace)) if found else []
    return quotas.pods(found, here, sum(demand.owns(pod, namespace) for pod in live))


def _storage(kube: Kube, namespace: str, demand: Demand, free_disk: int | None) -> list[Check]:
    if not demand.claims:
        return []
    live = kube.items(api_paths.claims(namespace))
    existing = [claim["metadata"]["name"] for claim in live]
    new = [item for item in demand.claims if item.new(existing)]
    if not new:
        return []
    classes = kube.items(api_paths.STORAGE_CLASSES)
    checks = claims.storage_classes(classes, new)
    if not all(check.passed for check in checks):  # a volume without a provisioner may serve
        checks = claims.storage_classes(classes, new, kube.items("/api/v1/persistentvolumes"))
    return [*checks, *([] if free_disk is None else [claims.disk(new, existing, free_disk)])]


def require_possible_ports(
    kube: Kube,
    manifests: Mapping[ReleaseName, Sequence[Object]],
    values: Mapping[ReleaseName, Fields],
) -> None:
    """Raise an error if a node port is outside the range, or requested twice.

    The cluster is asked for its range only if a port is outside of the usual one.

    Raises:
        InputError: naming each port.
    """
    check = ports.faults(manifests, values)
    if any(item.port not in ports.RANGE for item in port_requests.requests(manifests)):
        check = ports.faults(manifests, values, _node_port_range(kube))
    if not check.passed:
        raise InputError("Node ports cannot be given out.", why=check.message, remedy=check.remedy)


def _node_port_range(kube: Kube) -> range:
    """The range by the API server's own pod, or by the ports that Services have.

    A dry run does not tell: the server checks the range only when it gives a port out.
    """
    try:
        pods = kube.items(api_paths.pods("kube-system"), labels="component=kube-apiserver")
        return ports.range_of(pods, kube.items(api_paths.SERVICES))  # type: ignore[arg-type]
    except ForbiddenError:
        return ports.RANGE


def port_checks(
    kube: Kube,
    namespace: str,
    manifests: Mapping[ReleaseName, Sequence[Object]],
    values: Mapping[ReleaseName, Fields],
) -> list[Check]:
    """Check with `node_ports` against all Services of the cluster."""
    return _if_allowed(
        "node ports",
        lambda: [ports.node_ports(kube.items(api_paths.SERVICES), manifests, namespace, values)],
    )


def _if_allowed(name: str, check: Callable[[], list[Check]]) -> list[Check]:
    try:
        return check()
    except ForbiddenError as error:
        return [Check(name=name, passed=True, message=f"not checked: {error.what}")]


def version_check(version: ServerVersion, oldest: Mapping[ReleaseName, str]) -> Check:
    """Check that the charts support the API server's version.

    Args:
        version: what the API server says of itself.
        oldest: the minor version that a release needs, "" for `OLDEST`.
    """
    live = minor(f"{version['major']}.{version['minor']}")
    needed = {name: text for name, text in oldest.items() if text and minor(text) > live}
    newest = max([OLDEST, *needed.values()], key=minor)
    too_old = needed or live < minor(OLDEST)
    why = "".join(f"; {name} needs {text} or newer" for name, text in needed.items())
    return Check(
        name="cluster",
        passed=not too_old,
        message=f"Kubernetes {version['gitVersion']}{why}",
        remedy=f"Upgrade the cluster to {newest} or newer." if too_old else "",
    )


def require(
    checks: Sequence[Check],
    kind: type[LearnflowError] = FoundationError,
    *,
    again: str = "doctor",
) -> None:
    """Raise an error unless all checks passed.

    Args:
        checks: each with its result.
        kind: the class of the error.
        again: the verb that checks the same.

    Raises:
        FoundationError: (or another `kind`) naming every failed check, with its remedy.
    """
    failed = [check for check in checks if not check.passed]
    if failed:
        lines = [Remedy(f"{c.name}: {c.message}\n    ", c.remedy) for c in failed]
        raise kind(
            f"{counted(len(failed), 'foundation check')} failed.",
            why=join_lines(*lines),
            remedy=Remedy("Check again: ", Command(again)),
        )
