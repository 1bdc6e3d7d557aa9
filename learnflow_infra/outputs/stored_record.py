"""The record of deploys in the cluster: the ConfigMap `learnflow-endpoints`.

Applications may read it, and all clones of the repository use it.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, replace

from learnflow_infra.clients.api_errors import ConflictError
from learnflow_infra.clients.kube import MANAGER, Kube
from learnflow_infra.errors import RefusedError
from learnflow_infra.models import Document, SkillName
from learnflow_infra.outputs.contracts import EndpointsDocument
from learnflow_infra.outputs.endpoints import KUBECTL, as_env, with_kubectl
from learnflow_infra.outputs.record import Record, ReleaseRecord, Revision, Verified
from learnflow_infra.remedy import Command, Remedy

CONFIG_MAP = "learnflow-endpoints"
ENDPOINTS, ENV = "endpoints.json", "endpoints.env"
VERIFIED, RELEASES = "verified.json", "releases.json"
"""Keys of the ConfigMap."""
REQUIRED = "name", "skill", "release", "inCluster", "parameters", "credentials", "env", "connect"
"""Keys of each endpoint, in all versions."""


def read(kube: Kube, namespace: str) -> Record:
    """The record of a namespace; an empty one where nothing was deployed.

    Raises:
        RefusedError: it is no record; without it, a deploy might take another profile's charts.
    """
    config_map = kube.find(_path(namespace))
    if config_map is None:
        return Record()
    try:
        return _record(config_map.get("data") or {}, config_map["metadata"]["resourceVersion"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _unreadable(namespace, error) from error


def _unreadable(namespace: str, error: Exception) -> RefusedError:
    return RefusedError(
        f"The record of deploys, ConfigMap {namespace}/{CONFIG_MAP}, cannot be read.",
        why=f"Somebody else changed it: {type(error).__name__}: {error}",
        remedy=Remedy(
            f"Delete it: kubectl -n {namespace} delete configmap {CONFIG_MAP}\n"
            "Then deploy with the profile that was used (--profile), which verifies and records "
            "again: ",
            Command("deploy"),
        ),
    )


def _record(data: Mapping[str, str], version: str) -> Record:
    return Record(
        endpoints=_current(json.loads(data.get(ENDPOINTS, "{}"))),
        verified={
            name: Verified(**value) if isinstance(value, dict) else Verified()
            for name, value in json.loads(data.get(VERIFIED, "{}")).items()
        },
        releases={
            name: _release(value) for name, value in json.loads(data.get(RELEASES, "{}")).items()
        },
        version=version,
    )


def _release(value: Document) -> ReleaseRecord:
    revisions = tuple(Revision(**item) for item in value["revisions"])
    return ReleaseRecord(**{**value, "revisions": revisions})


def _current(document: EndpointsDocument) -> EndpointsDocument:
    """The document in the present form: earlier versions recorded paths, and no proof."""
    if not isinstance(document, dict):
        raise TypeError(f"{ENDPOINTS} is no object")
    if "endpoints" not in document:
        return document
    for item in document["endpoints"]:
        _ = [item[key] for key in REQUIRED]  # type: ignore[literal-required]
    unproven = {"verified": None, "unverified": "recorded by an earlier version"}
    items = [with_kubectl(item, KUBECTL) for item in document["endpoints"]]
    entries = [item if "verified" in item else {**item, **unproven} for item in items]
    return {**document, "endpoints": entries}


def write(kube: Kube, namespace: str, record: Record, skills: Collection[SkillName]) -> Record:
    """Write the record by server-side apply, so that other keys and labels are kept.

    A run elsewhere may have changed the record since it was read: then only the entries of
    `skills` are replaced.

    Returns:
        The record as it is now.
    """
    data = {
        ENDPOINTS: json.dumps(record.endpoints, indent=2),
        VERIFIED: json.dumps({name: asdict(item) for name, item in record.verified.items()}),
        RELEASES: json.dumps({name: asdict(item) for name, item in record.releases.items()}),
        ENV: as_env(record.endpoints),
    }
    try:
        applied = kube.apply(
            _path(namespace),
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {
                    "name": CONFIG_MAP,
                    "namespace": namespace,
                    "labels": {"app.kubernetes.io/managed-by": MANAGER},
                    "resourceVersion": record.version,
                },
                "data": data,
            },
        )
    except ConflictError:
        current = read(kube, namespace)
        return write(kube, namespace, current.with_entries(record, skills), skills)
    return replace(record, version=applied["metadata"]["resourceVersion"])


def remove(kube: Kube, namespace: str) -> None:
    """Delete the record of a namespace."""
    kube.delete(_path(namespace))


def _path(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps/{CONFIG_MAP}"
