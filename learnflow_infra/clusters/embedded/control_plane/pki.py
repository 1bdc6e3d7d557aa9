"""Certificates and kubeconfigs, made by kubeadm."""

import shutil
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from learnflow_infra import documents
from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.system import files, locks
from learnflow_infra.system.programs import output

COMPONENTS = ("admin", "super-admin", "kubelet", "controller-manager", "scheduler")
USERS = {
    "coredns": "system:coredns",
    "kube-proxy": "system:kube-proxy",
    "volume-provisioner": "system:volume-provisioner",
}
"""User names of the kubeconfigs that `kubeadm init` does not make."""
RENEW_AFTER = 300 * 24 * 3600.0
"""Seconds. kubeadm's certificates are valid for a year; a start after this time renews them."""


def needs_renewal(issued: float, now: float) -> bool:
    """Whether certificates are renewed; both times are in seconds since the epoch."""
    return now - issued > RENEW_AFTER


def ensure(layout: cluster_files.Layout, kubeadm: Path, context: str) -> None:
    """Make the certificates and kubeconfigs that are missing, and renew those that are old.

    kubeadm inherits the lock: if this process is killed, the next one waits until kubeadm,
    which goes on writing, has ended.
    """
    stamp = layout.pki / "issued"
    config = layout.conf / "kubeadm.yaml"
    with locks.hold(layout.root / "pki.lock") as lock:

        def run(*arguments: str | Path) -> str:
            return output([kubeadm, *arguments, "--config", config], fds=(lock.fileno(),))

        if not stamp.exists():
            shutil.rmtree(layout.pki, ignore_errors=True)  # unfinished, and unused
            run("init", "phase", "certs", "all")
            _issue(layout, context, run)
        elif needs_renewal(stamp.stat().st_mtime, time.time()):
            run("certs", "renew", "all")
            _issue(layout, context, run)
        else:
            _kubeconfigs(layout.conf, run)  # of a component that an earlier version had not
            if not layout.kubeconfig.exists():
                write_kubeconfig(layout, context)


def _issue(layout: cluster_files.Layout, context: str, run: Callable[..., str]) -> None:
    """Write all kubeconfigs anew, and the time at which that was done."""
    for name in (*COMPONENTS, *USERS):
        (layout.conf / f"{name}.conf").unlink(missing_ok=True)
    _kubeconfigs(layout.conf, run)
    write_kubeconfig(layout, context)
    (layout.pki / "issued").touch(mode=0o600)


def _kubeconfigs(folder: Path, run: Callable[..., str]) -> None:
    """Write the missing kubeconfigs of components and users; `run` runs kubeadm."""

    def absent(names: Iterable[str]) -> list[str]:
        return [name for name in names if not (folder / f"{name}.conf").exists()]

    def component(name: str) -> None:
        run("init", "phase", "kubeconfig", name, "--kubeconfig-dir", folder)

    def user(name: str) -> None:
        text = run("kubeconfig", "user", "--client-name", USERS[name])
        files.replace(folder / f"{name}.conf", text, mode=0o600)

    with ThreadPoolExecutor() as pool:
        list(pool.map(component, absent(COMPONENTS)))
        list(pool.map(user, absent(USERS)))


def write_kubeconfig(layout: cluster_files.Layout, context: str) -> None:
    """Write admin.conf for the user, with `context` as the name of cluster, user and context."""
    document = documents.load(layout.conf / "admin.conf")
    document["clusters"][0]["name"] = context
    document["users"][0]["name"] = context
    names = {"cluster": context, "user": context}
    document["contexts"] = [{"name": context, "context": names}]
    document["current-context"] = context
    files.replace(layout.kubeconfig, documents.dump(document), mode=0o600)
