"""The node's configuration files: the templates of files/, with a cluster's values."""

import importlib.resources
from collections.abc import Mapping
from pathlib import Path
from string import Template

from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.clusters.embedded.control_plane import components
from learnflow_infra.system import files

PLACES = {"10-learnflow.conflist": "cni/10-learnflow.conflist"}
"""Paths below conf/ of the templates that are not written into conf/ itself."""
TEMPLATES = (
    "10-learnflow.conflist",
    "Corefile",
    "containerd.toml",
    "kube-proxy.yaml",
    "kubeadm.yaml",
    "kubelet.yaml",
    "resolv.conf",
)


def values(
    config: cluster_files.Config,
    *,
    version: str,
    capable: bool,
    pause_image: str,
    runc: str,
) -> dict[str, str]:
    """The values of the templates' variables.

    Args:
        config: the cluster.
        version: of Kubernetes, as v1.37.2.
        capable: whether this process has CAP_SYS_RESOURCE, and so may lower OOM scores.
        pause_image: the reference of the image `pause`.
        runc: the program that runs containers; its path on the host and in the node.
    """
    return {
        "node_address": str(config.node_address),
        "host_address": str(config.host_address),
        "node_name": config.node_name,
        "version": version,
        "pki": str(cluster_files.layout(config.name).pki),
        "pause_image": pause_image,
        "restrict_oom_score_adj": str(not capable).lower(),
        "oom_score_adj": "-999" if capable else "0",
        "snapshotter": config.snapshotter,
        "runc": runc,
    }


def text(name: str, values: Mapping[str, str]) -> str:
    """A template, with its variables replaced."""
    source = importlib.resources.files("learnflow_infra.clusters.embedded") / "files" / name
    return Template(source.read_text()).substitute(values)


def supervisor(config: cluster_files.Config) -> str:
    """The text of supervisord.conf."""
    programs = components.components(str(config.node_address), config.node_name)
    sections = [components.supervised(component) for component in programs]
    return "\n".join([text("supervisord.conf", {}), *sections])


def write(folder: Path, values: Mapping[str, str], supervisor_text: str) -> None:
    """Write every file below `folder` (a cluster's conf/)."""
    (folder / "cni").mkdir(parents=True, exist_ok=True)
    for name in TEMPLATES:
        files.replace(folder / PLACES.get(name, name), text(name, values))
    files.replace(folder / "supervisord.conf", supervisor_text)
