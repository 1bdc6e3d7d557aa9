"""The objects that a new cluster lacks (roles, DNS, storage), applied at every start."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from learnflow_infra.clients import api_paths
from learnflow_infra.clusters.embedded.control_plane import configuration
from learnflow_infra.clusters.embedded.control_plane.api import Api
from learnflow_infra.documents import parse_all

PLURALS = {
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "ConfigMap": "configmaps",
    "EndpointSlice": "endpointslices",
    "Namespace": "namespaces",
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "Service": "services",
    "ServiceAccount": "serviceaccounts",
    "StorageClass": "storageclasses",
}


def path(document: dict[str, Any]) -> str:
    """The path of an object in the API."""
    version, meta = document["apiVersion"], document["metadata"]
    within = f"/namespaces/{meta['namespace']}" if "namespace" in meta else ""
    return f"{api_paths.root(version)}{within}/{PLURALS[document['kind']]}/{meta['name']}"


def apply(api: Api, node_address: str) -> None:
    """Apply all add-ons, namespaces first.

    Raises:
        ApiError: the API server refused an object.
        ClusterUnreachableError: it did not answer.
    """
    text = configuration.text("addons.yaml", {"node_address": node_address})
    addons = parse_all(text)
    first = [d for d in addons if d["kind"] == "Namespace"]
    rest = [d for d in addons if d["kind"] != "Namespace"]
    with ThreadPoolExecutor(max_workers=8) as pool:
        for batch in (first, rest):
            list(pool.map(lambda d: api.apply(path(d), d), batch))
