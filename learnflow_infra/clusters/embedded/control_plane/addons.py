"""The objects that a new cluster lacks (roles, DNS, storage), applied at every start."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.api_errors import NotFoundError
from learnflow_infra.clusters.embedded.control_plane import configuration
from learnflow_infra.clusters.embedded.control_plane.api import Api
from learnflow_infra.documents import parse_all

PLURALS = {
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "EndpointSlice": "endpointslices",
    "Service": "services",
    "StorageClass": "storageclasses",
}
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
FORMER = (
    "/api/v1/namespaces/local-path-storage",
    f"{_RBAC}/clusterrolebindings/system:local-path-provisioner",
    f"{_RBAC}/clusterroles/system:local-path-provisioner",
)
"""Paths of what was applied with local-path-provisioner, which made the volumes until 2026-11."""


def path(document: dict[str, Any]) -> str:
    """The path of an object in the API."""
    version, meta = document["apiVersion"], document["metadata"]
    within = f"/namespaces/{meta['namespace']}" if "namespace" in meta else ""
    return f"{api_paths.root(version)}{within}/{PLURALS[document['kind']]}/{meta['name']}"


def apply(api: Api, node_address: str) -> None:
    """Apply all add-ons, and delete those of earlier versions.

    Raises:
        ApiError: the API server refused an object.
        ClusterUnreachableError: it did not answer.
    """
    text = configuration.text("addons.yaml", {"node_address": node_address})
    addons = parse_all(text)
    delete_former(api, next(d for d in addons if d["kind"] == "StorageClass"))
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(lambda d: api.apply(path(d), d), addons))


def delete_former(api: Api, storage_class: dict[str, Any]) -> None:
    """Delete a live class with another provisioner, which cannot be changed, and FORMER.

    Volumes and claims name their class, and stay. The class is deleted last, so that the next
    start goes on if this one is interrupted.
    """
    with suppress(NotFoundError):
        live = api.document(path(storage_class))
        if live["provisioner"] != storage_class["provisioner"]:
            for former in (*FORMER, path(storage_class)):
                with suppress(NotFoundError):
                    api.delete(former)
