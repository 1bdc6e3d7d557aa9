"""The record of deploys in the cluster: the ConfigMap `learnflow-endpoints`.

Applications may read it, and all clones of the repository use it.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from learnflow_infra.clients.api_errors import ConflictError
from learnflow_infra.clients.kube import MANAGER, Kube
from learnflow_infra.models import Profile, SkillName
from learnflow_infra.outputs.contracts import EndpointDocument, EndpointsDocument, VerifiedDocument
from learnflow_infra.outputs.endpoints import KUBECTL, as_env, with_kubectl

CONFIG_MAP = "learnflow-endpoints"
ENDPOINTS, VERIFIED, ENV = "endpoints.json", "verified.json", "endpoints.env"
"""Keys of the ConfigMap."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """The endpoints of a namespace, and the verified state of each skill.

    `endpoints` is the document of endpoints.json, `{}` where nothing is deployed. `verified`
    maps a skill to the fingerprint of its last successful verification (proof.prove).
    `version` is the ConfigMap's resourceVersion, "" where there is none.
    """

    endpoints: EndpointsDocument = field(default_factory=EndpointsDocument)
    verified: Mapping[SkillName, str] = field(default_factory=dict)
    version: str = field(default="", compare=False)

    @property
    def profile(self) -> Profile | None:
        """The profile of the deployed releases; None where nothing is deployed."""
        return self.endpoints.get("profile")

    def about(self, document: EndpointsDocument) -> "Record":
        """The record in a document's place and profile, with its own endpoints."""
        kept = self.endpoints.get("endpoints", [])
        return replace(self, endpoints={**document, "endpoints": kept})

    def holds(self, skill: SkillName, fingerprint: str, document: EndpointsDocument) -> bool:
        """Whether a recorded verification holds: of this fingerprint, and of these endpoints."""
        verified = self.verified.get(skill) == fingerprint
        return verified and _addresses(self.endpoints, skill) == _addresses(document, skill)

    def replaced(self, skill: SkillName, document: EndpointsDocument) -> "Record":
        """The record with the endpoints that a skill has in a document."""
        return self.with_entries(replace(self, endpoints=document, verified={}), {skill})

    def proven(
        self,
        skill: SkillName,
        document: EndpointsDocument,
        proof: VerifiedDocument,
        fingerprint: str,
    ) -> "Record":
        """The record with a skill's endpoints of a document, which were verified."""
        entries = [
            {**item, "verified": proof} if item["skill"] == skill else item
            for item in document["endpoints"]
        ]
        record = self.replaced(skill, {**document, "endpoints": entries})  # type: ignore[typeddict-item]
        return replace(record, verified={**record.verified, skill: fingerprint})

    def unproven(self, skills: Collection[SkillName], why: str) -> "Record":
        """The record with the endpoints that it has of these skills, as not verified."""
        note = {"verified": None, "unverified": why}
        entries = [
            {**item, **note} if item["skill"] in skills else item
            for item in self.endpoints.get("endpoints", ())
        ]
        verified = {name: value for name, value in self.verified.items() if name not in skills}
        document = {**self.endpoints, "endpoints": entries}
        return replace(self, endpoints=document, verified=verified)  # type: ignore[arg-type]

    def without(self, skills: Collection[SkillName]) -> "Record":
        """The record without these skills."""
        kept = [item for item in self.endpoints.get("endpoints", ()) if item["skill"] not in skills]
        verified = {name: value for name, value in self.verified.items() if name not in skills}
        return replace(self, endpoints={**self.endpoints, "endpoints": kept}, verified=verified)

    def with_entries(self, own: "Record", skills: Collection[SkillName]) -> "Record":
        """The record with the entries of these skills as `own` has them."""
        others = self.without(skills)
        entries = [item for item in own.endpoints["endpoints"] if item["skill"] in skills]
        entries = sorted([*others.endpoints["endpoints"], *entries], key=lambda item: item["name"])
        verified = {name: value for name, value in own.verified.items() if name in skills}
        return replace(
            self,
            endpoints={**own.endpoints, "endpoints": entries},
            verified={**others.verified, **verified},
        )


def _addresses(document: EndpointsDocument, skill: SkillName) -> list[EndpointDocument]:
    """The endpoints of a skill, without their proof."""
    return [
        {**item, "verified": None, "unverified": ""}
        for item in document.get("endpoints", ())
        if item["skill"] == skill
    ]


def read(kube: Kube, namespace: str) -> Record:
    """The record of a namespace; an empty one where nothing was deployed."""
    config_map = kube.find(_path(namespace))
    data = config_map.get("data", {}) if config_map else {}
    return Record(
        endpoints=_current(json.loads(data.get(ENDPOINTS, "{}"))),
        verified=json.loads(data.get(VERIFIED, "{}")),
        version=config_map["metadata"]["resourceVersion"] if config_map else "",
    )


def _current(document: EndpointsDocument) -> EndpointsDocument:
    """The document in the present form: earlier versions recorded paths, and no proof."""
    if "endpoints" not in document:
        return document
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
        VERIFIED: json.dumps(dict(record.verified)),
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
