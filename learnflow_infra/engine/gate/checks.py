"""The foundation gate: one pass of checks before anything changes, all failures at once.

The judgements are pure functions over documents; only `host_checks` and
`cluster_checks` look at the world.
"""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from learnflow_infra import paths
from learnflow_infra.clients import helm_program
from learnflow_infra.clients.api_errors import ForbiddenError
from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.gate.capacity import MIB, capacity
from learnflow_infra.engine.gate.ports import node_ports
from learnflow_infra.engine.gate.rights import rights
from learnflow_infra.errors import FoundationError, LearnflowError
from learnflow_infra.models import Check, Foundation, ReleaseName, Target
from learnflow_infra.objects import Fields, Object, ServerVersion

__all__ = [
    "cluster_checks",
    "default_storage_class",
    "host_checks",
    "node_ports",
    "port_checks",
    "require",
    "version_check",
]

OLDEST = (1, 27)
"""Kubernetes minor from which the charts' API versions and server-side apply are stable."""
HOST_SPACE = 64 * MIB
"""Bytes that artifacts may need on the checkout's disk."""


def host_checks(target: Target, phase: Path | None = None) -> list[Check]:
    """What this checkout and this machine must have, without a cluster.

    The embedded cluster brings its own kubectl; elsewhere it must be there.
    """
    checks = [_helm(), _phase(phase or paths.phase_dir())]
    return checks if target.cluster else [*checks, _kubectl(target.kubectl)]


def _kubectl(program: str) -> Check:
    found = shutil.which(program)
    remedy = "Install kubectl; verification connects from inside the cluster through it."
    return Check(
        name="kubectl",
        passed=found is not None,
        message=found or f"{program}: not on PATH",
        remedy="" if found else remedy,
    )


def _helm() -> Check:
    try:
        return Check(name="helm", passed=True, message=helm_program.executable())
    except FoundationError as error:
        return Check(name="helm", passed=False, message=error.what, remedy=error.remedy)


def _phase(folder: Path) -> Check:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    name = "phase directory"
    if not os.access(existing, os.W_OK | os.X_OK) or not existing.is_dir():
        remedy = f"sudo chown -R $(id -u) {existing}"
        return Check(name=name, passed=False, message=f"{existing}: not writable", remedy=remedy)
    free = shutil.disk_usage(existing).free
    return Check(
        name=name,
        passed=free >= HOST_SPACE,
        message=f"{folder}, {free // MIB} MiB free",
        remedy="" if free >= HOST_SPACE else f"Free {HOST_SPACE // MIB} MiB on that disk.",
    )


def cluster_checks(
    kube: Kube, namespace: str, needed: Foundation, free_disk: int | None = None
) -> list[Check]:
    """What the cluster must have; asked in parallel. `free_disk`: see `capacity`.

    Who has rights in the namespace alone may not see what is the whole cluster's; that is
    told, and no failure.
    """
    version = kube.request("GET", "/version", patience=5)
    looks: list[Callable[[], list[Check]]] = [
        lambda: [rights(kube, namespace)],
        lambda: [default_storage_class(kube.items("/apis/storage.k8s.io/v1/storageclasses"))],
        lambda: capacity(
            kube.items("/api/v1/nodes"), kube.items("/api/v1/pods"), needed, free_disk
        ),
    ]
    with ThreadPoolExecutor(len(looks)) as pool:
        found = list(pool.map(_if_allowed, ("rights", "storage", "capacity"), looks))
    return [version_check(version), *(check for group in found for check in group)]


def port_checks(
    kube: Kube,
    namespace: str,
    manifests: Mapping[ReleaseName, Sequence[Object]],
    values: Mapping[ReleaseName, Fields],
) -> list[Check]:
    """`node_ports`, over the Services of the cluster."""
    return _if_allowed(
        "node ports",
        lambda: [node_ports(kube.items("/api/v1/services"), manifests, namespace, values)],
    )


def _if_allowed(name: str, look: Callable[[], list[Check]]) -> list[Check]:
    try:
        return look()
    except ForbiddenError as error:
        return [Check(name=name, passed=True, message=f"not looked at: {error.what}")]


def version_check(version: ServerVersion) -> Check:
    """The API server's version is one that the charts support."""
    numbers = (int(version["major"]), int("".join(filter(str.isdigit, version["minor"]))))
    good = numbers >= OLDEST
    remedy = "" if good else f"Upgrade the cluster to {OLDEST[0]}.{OLDEST[1]} or newer."
    return Check(
        name="cluster", passed=good, message=f"Kubernetes {version['gitVersion']}", remedy=remedy
    )


def default_storage_class(classes: Sequence[Object]) -> Check:
    """One StorageClass is marked as the default."""
    mark = "storageclass.kubernetes.io/is-default-class"
    default = [
        item["metadata"]["name"]
        for item in classes
        if (item["metadata"].get("annotations") or {}).get(mark) == "true"
    ]
    if default:
        return Check(name="storage", passed=True, message=f"default StorageClass {default[0]}")
    names = ", ".join(item["metadata"]["name"] for item in classes) or "none at all"
    remedy = f"kubectl annotate storageclass NAME {mark}=true   (there are: {names})"
    return Check(name="storage", passed=False, message="no default StorageClass", remedy=remedy)


def require(
    checks: Sequence[Check],
    kind: type[LearnflowError] = FoundationError,
    done: str = "no release was changed",
) -> None:
    """All checks must hold.

    Args:
        checks: each with its result.
        kind: the class of the error.
        done: what was done to the releases before.

    Raises:
        FoundationError: (or another `kind`) naming every one that does not, with its remedy.
    """
    failed = [check for check in checks if not check.passed]
    if failed:
        lines = [f"{check.name}: {check.message}\n    {check.remedy}" for check in failed]
        raise kind(
            f"{len(failed)} of {len(checks)} foundation checks failed; {done}.",
            why="\n".join(lines),
            remedy="Check again: learnflow-infra doctor",
        )
