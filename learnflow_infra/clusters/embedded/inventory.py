"""The state of an embedded cluster, from files and processes alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from learnflow_infra.clusters.embedded import cluster_files, upgrade
from learnflow_infra.clusters.embedded.node import node_processes
from learnflow_infra.clusters.embedded.programs import binary


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """An embedded cluster and its current state."""

    name: str
    state: Literal["running", "stopped", "absent"]
    node_address: str | None
    kubeconfig: Path
    context: str
    kubectl: Path
    version: str
    """Of Kubernetes, as v1.37.2: with which it was started last, or will be made; or "unknown"."""
    versions: Mapping[str, str]
    """Of all its programs, by their names."""


def status(name: str) -> Cluster:
    """The state of a cluster; no request is sent."""
    config, found = cluster_files.load(name), upgrade.recorded(name)
    versions = found.versions if found else upgrade.own()
    running = config is not None and node_processes.running(name) is not None
    return Cluster(
        name=name,
        state="absent" if config is None else "running" if running else "stopped",
        node_address=str(config.node_address) if config else None,
        kubeconfig=cluster_files.layout(name).kubeconfig,
        context=cluster_files.CONTEXT_PREFIX + name,
        kubectl=binary.kubectl(),
        version=versions.get("Kubernetes", "unknown"),
        versions=versions,
    )
