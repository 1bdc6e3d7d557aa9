"""Certificates and kubeconfigs, made by kubeadm."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from learnflow_infra import documents
from learnflow_infra.clusters.embedded import state
from learnflow_infra.system import files
from learnflow_infra.system.programs import output

COMPONENTS = ("admin", "super-admin", "kubelet", "controller-manager", "scheduler")
USERS = {
    "coredns": "system:coredns",
    "kube-proxy": "system:kube-proxy",
    "local-path-provisioner": "system:local-path-provisioner",
}
"""User names of the kubeconfigs that kubeadm does not make by itself."""
RENEW_AFTER = 300 * 24 * 3600.0
"""Seconds. kubeadm's certificates are valid for a year; a start after this time renews them."""


def needs_renewal(issued: float, now: float) -> bool:
    """Whether certificates are renewed; both times are in seconds since the epoch."""
    return now - issued > RENEW_AFTER


def ensure(layout: state.Layout, kubeadm: Path, context: str) -> None:
    """Make the certificates and kubeconfigs that are missing, and renew those that are old."""
    stamp = layout.pki / "issued"
    if not stamp.exists():
        shutil.rmtree(layout.pki, ignore_errors=True)  # unfinished, and unused
        kubeadm_config = layout.conf / "kubeadm.yaml"
        output([kubeadm, "init", "phase", "certs", "all", "--config", kubeadm_config])
        _kubeconfigs(layout, kubeadm)
    elif needs_renewal(stamp.stat().st_mtime, time.time()):
        output([kubeadm, "certs", "renew", "all", "--config", layout.conf / "kubeadm.yaml"])
        _kubeconfigs(layout, kubeadm)
    elif layout.kubeconfig.exists():
        return
    write_kubeconfig(layout, context)
    stamp.touch(mode=0o600)


def _kubeconfigs(layout: state.Layout, kubeadm: Path) -> None:
    for name in (*COMPONENTS, *USERS):
        (layout.conf / f"{name}.conf").unlink(missing_ok=True)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: _component(layout, kubeadm, name), COMPONENTS))
        list(pool.map(lambda name: _user(layout, kubeadm, name), USERS))


def _component(layout: state.Layout, kubeadm: Path, name: str) -> None:
    config = layout.conf / "kubeadm.yaml"
    phase: list[str | Path] = [kubeadm, "init", "phase", "kubeconfig", name]
    output([*phase, "--config", config, "--kubeconfig-dir", layout.conf])


def _user(layout: state.Layout, kubeadm: Path, name: str) -> None:
    config = layout.conf / "kubeadm.yaml"
    text = output([kubeadm, "kubeconfig", "user", "--client-name", USERS[name], "--config", config])
    files.replace(layout.conf / f"{name}.conf", text, mode=0o600)


def write_kubeconfig(layout: state.Layout, context: str) -> None:
    """Write the user's kubeconfig: kubeadm's, with `context` as the name of all that it names."""
    document = documents.load(layout.conf / "admin.conf")
    document["clusters"][0]["name"] = context
    document["users"][0]["name"] = context
    names = {"cluster": context, "user": context}
    document["contexts"] = [{"name": context, "context": names}]
    document["current-context"] = context
    files.replace(layout.kubeconfig, documents.dump(document), mode=0o600)
