"""Delete an embedded cluster with all its data, once that is confirmed."""

import os
import time
from pathlib import Path

from learnflow_infra.clients.kube import Kube
from learnflow_infra.clusters import embedded
from learnflow_infra.clusters import target as targets
from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.engine.release import losses
from learnflow_infra.engine.request import planning, run_lock
from learnflow_infra.engine.request.confirmation import Confirm, Question
from learnflow_infra.errors import LearnflowError, accounted
from learnflow_infra.events import Emit
from learnflow_infra.objects import Object
from learnflow_infra.quantities import size

PATIENCE = 5.0
"""Seconds that the API server has to answer what the cluster contains."""


def delete_cluster(name: str, *, confirm: Confirm, emit: Emit) -> None:
    """Delete a cluster; nothing is asked where none exists.

    Raises:
        InputError: the name is malformed.
        RefusedError: it was not confirmed.
        HostError: there is no sudo, or sudo refused.
    """
    cluster_files.check_name(name)
    cluster, folder = embedded.status(name), cluster_files.layout(name).root
    if folder.exists():
        question = Question(
            what=f"Delete the embedded cluster {name} with all its data",
            name=name,
            losses=[*_contents(cluster), _folder(folder)],
        )
        with accounted("Nothing was changed."):
            confirm(question)
    embedded.delete(name, emit=emit)
    run_lock.forget(embedded.CONTEXT_PREFIX + name)


def _contents(cluster: embedded.Cluster) -> list[str]:
    """The releases and claims of a running cluster."""
    if cluster.state != "running":
        return [f"It is {cluster.state}: start it to see its releases and volumes."]
    try:
        kube = planning.api(targets.from_cluster(cluster))
        releases = _all(kube, "secrets", labels="owner=helm")
        return losses.of_cluster(releases, _all(kube, "persistentvolumeclaims"), time.time())
    except LearnflowError as error:
        return [f"What it contains is unknown: {error.what}"]


def _all(kube: Kube, plural: str, labels: str = "") -> list[Object]:
    return kube.collection(f"/api/v1/{plural}", labels=labels, patience=PATIENCE)[0]


def _folder(folder: Path) -> str:
    taken = _taken(folder)
    return f"the folder {folder}" + ("" if taken is None else f": {size(taken)}")


def _taken(folder: Path) -> int | None:
    """Bytes on disk below a folder; None if the user may not read all of it."""

    def stop(error: OSError) -> None:
        raise error

    try:
        return sum(
            os.lstat(Path(parent) / name).st_blocks * 512
            for parent, _, names in os.walk(folder, onerror=stop)
            for name in names
        )
    except OSError:  # it belongs to root, or changes while it is read
        return None
