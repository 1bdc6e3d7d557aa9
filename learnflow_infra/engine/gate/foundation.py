"""The foundation gate: requirements of a cluster, checked before any release is changed.

All checks run, and all failures are reported at once. The verdicts are pure functions over
Kubernetes objects; `foundation_checks`, `cluster_checks` and `port_checks` send requests.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from learnflow_infra.checks import UNCHANGED, Check
from learnflow_infra.clients.api_errors import ForbiddenError
from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.gate import demand, machine
from learnflow_infra.engine.gate.capacity import capacity
from learnflow_infra.engine.gate.ports import node_ports
from learnflow_infra.engine.gate.rights import rights
from learnflow_infra.engine.request.planning import Plan
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import FoundationError, LearnflowError
from learnflow_infra.models import Foundation, ReleaseName
from learnflow_infra.objects import Fields, Object, ServerVersion
from learnflow_infra.remedy import Command, Remedy, join_lines

OLDEST = (1, 27)
"""Kubernetes minor from which the charts' API versions and server-side apply are stable."""


def foundation_checks(session: Session, plan: Plan) -> list[Check]:
    """Check a running cluster for the demands of skills that are not installed yet."""
    return cluster_checks(
        session.kube,
        session.namespace,
        demand.of_absent_skills(session, plan),
        machine.free_disk(session.target),
    )


def cluster_checks(
    kube: Kube, namespace: str, required: Foundation, free_disk: int | None = None
) -> list[Check]:
    """Check version, rights, StorageClass and capacity of a cluster, in parallel.

    A user with rights in the namespace alone may not read cluster-scoped objects: a check
    that needs them passes, and its message says that it was not made.

    Args:
        kube: the cluster.
        namespace: of the releases.
        required: by skills that are not installed yet.
        free_disk: see `capacity`.

    Raises:
        ClusterUnreachableError: the API server does not answer.
    """
    version = kube.request("GET", "/version", patience=5)
    checks: dict[str, Callable[[], list[Check]]] = {
        "rights": lambda: [rights(kube, namespace)],
        "storage": lambda: [
            default_storage_class(kube.items("/apis/storage.k8s.io/v1/storageclasses"))
        ],
        "capacity": lambda: capacity(
            kube.items("/api/v1/nodes"), kube.items("/api/v1/pods"), required, free_disk
        ),
    }
    with ThreadPoolExecutor(len(checks)) as pool:
        results = list(pool.map(_if_allowed, checks.keys(), checks.values()))
    return [version_check(version), *(check for group in results for check in group)]


def port_checks(
    kube: Kube,
    namespace: str,
    manifests: Mapping[ReleaseName, Sequence[Object]],
    values: Mapping[ReleaseName, Fields],
) -> list[Check]:
    """Check with `node_ports` against all Services of the cluster."""
    return _if_allowed(
        "node ports",
        lambda: [node_ports(kube.items("/api/v1/services"), manifests, namespace, values)],
    )


def _if_allowed(name: str, check: Callable[[], list[Check]]) -> list[Check]:
    try:
        return check()
    except ForbiddenError as error:
        return [Check(name=name, passed=True, message=f"not checked: {error.what}")]


def version_check(version: ServerVersion) -> Check:
    """Check that the charts support the API server's version."""
    numbers = (int(version["major"]), int("".join(filter(str.isdigit, version["minor"]))))
    passed = numbers >= OLDEST
    remedy = "" if passed else f"Upgrade the cluster to {OLDEST[0]}.{OLDEST[1]} or newer."
    return Check(
        name="cluster",
        passed=passed,
        message=f"Kubernetes {version['gitVersion']}",
        remedy=remedy,
    )


def default_storage_class(classes: Sequence[Object]) -> Check:
    """Check that one StorageClass is marked as the default."""
    annotation = "storageclass.kubernetes.io/is-default-class"
    default = [
        item["metadata"]["name"]
        for item in classes
        if (item["metadata"].get("annotations") or {}).get(annotation) == "true"
    ]
    if default:
        return Check(name="storage", passed=True, message=f"default StorageClass {default[0]}")
    names = ", ".join(item["metadata"]["name"] for item in classes) or "none at all"
    remedy = f"kubectl annotate storageclass NAME {annotation}=true   (there are: {names})"
    return Check(name="storage", passed=False, message="no default StorageClass", remedy=remedy)


def require(
    checks: Sequence[Check],
    kind: type[LearnflowError] = FoundationError,
    done: str = UNCHANGED,
) -> None:
    """Raise an error unless all checks passed.

    Args:
        checks: each with its result.
        kind: the class of the error.
        done: what this run has done to the releases so far.

    Raises:
        FoundationError: (or another `kind`) naming every failed check, with its remedy.
    """
    failed = [check for check in checks if not check.passed]
    if failed:
        lines = [Remedy(f"{c.name}: {c.message}\n    ", c.remedy) for c in failed]
        raise kind(
            f"{len(failed)} of {len(checks)} foundation checks failed; {done}.",
            why=join_lines(*lines),
            remedy=Remedy("Check again: ", Command("doctor")),
        )
