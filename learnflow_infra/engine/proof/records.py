"""What is remembered of a run: endpoints and what was verified, in the cluster and in files."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra import paths
from learnflow_infra.clients.kube import MANAGER, Kube
from learnflow_infra.engine.proof import verification
from learnflow_infra.engine.release import changes
from learnflow_infra.engine.release.ready import Outcome
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import ClusterUnreachableError
from learnflow_infra.models import Document, Skill
from learnflow_infra.outputs import artifacts
from learnflow_infra.outputs import endpoints as outputs
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.values import dump, masked

VERIFIED = "verified.json"
"""Key of the ConfigMap for the fingerprint of what was verified."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """The endpoints of all skills in the namespace, and whether these very pods were verified."""

    skills: tuple[Skill, ...]
    endpoints: Document
    fingerprints: Mapping[str, str]
    verified: bool

    @classmethod
    def of(cls, session: Session, skills: Sequence[Skill], outcomes: Sequence[Outcome]) -> "Record":
        """Find the endpoints of the deployed skills; those of others are kept as recorded."""
        old, verified = load(session.kube, session.namespace)
        computed = {outcome.release: outcome.computed for outcome in outcomes}
        found = [
            endpoint
            for skill in skills
            for endpoint in outputs.find(
                session.kube, session.target, session.namespace, skill, computed
            )
        ]
        document = outputs.document(session.target, session.namespace, found)
        names = {skill.name for skill in skills}
        kept = [item for item in old.get("endpoints", ()) if item["skill"] not in names]
        document["endpoints"] = sorted(
            [*document["endpoints"], *kept], key=lambda item: str(item["name"])
        )
        prints: dict[str, str] = {
            str(skill.name): fingerprint(skill, outcomes, document) for skill in skills
        }
        known = all(verified.get(name) == value for name, value in prints.items())
        return cls(
            skills=tuple(skills),
            endpoints=document,
            fingerprints={**verified, **prints},
            verified=known,
        )

    def publish(self, session: Session, *, verified: bool = False) -> None:
        """Write the ConfigMap, if it differs; `verified` marks these very pods as verified."""
        _, before = load(session.kube, session.namespace)
        prints = self.fingerprints if verified else before
        save(session.kube, session.namespace, self.endpoints, prints)

    def write(self, session: Session, outcomes: Sequence[Outcome]) -> None:
        """Write the artifacts."""
        folder = paths.phase_dir()
        kubectl = outputs.kubectl_command(session.target)
        artifacts.write_endpoints(folder, self.endpoints, kubectl)
        for outcome in outcomes:
            artifacts.write_release(
                folder,
                outcome.release,
                values=dump(masked(outcome.values)),
                manifest=changes.redacted(outcome.manifest),
                origins=dump(outcome.origins) if outcome.origins else "",
            )


def prove(
    session: Session,
    record: Record,
    outcomes: Sequence[Outcome],
    *,
    verify: bool,
    changed: bool,
) -> list[Document]:
    """Record the endpoints, verify them, and write the artifacts.

    Args:
        session: the cluster.
        record: what to record.
        outcomes: of the releases.
        verify: False leaves verification out.
        changed: something was changed; else these very pods need no second verification.

    Returns:
        Each skill's verification result; empty when nothing had to be verified.

    Raises:
        VerificationError: a check did not hold.
    """
    record.publish(session)
    results: list[Document] = []
    if verify and (changed or not record.verified):
        work = verification.verify_all(session, record.skills, record.endpoints)
        results = asyncio.run(work)
        verification.require(results, record.skills)
        record.publish(session, verified=True)
    record.write(session, outcomes)
    return results


def fingerprint(skill: Skill, outcomes: Sequence[Outcome], endpoints: Document) -> str:
    """Of what a verification speaks about: revisions, the very containers, and endpoints."""
    names = {release.name for release in skill.releases}
    mine = [outcome for outcome in outcomes if outcome.release in names]
    addresses = [item for item in endpoints["endpoints"] if item["skill"] == skill.name]
    containers = [pod for outcome in mine for pod in outcome.containers]
    text = json.dumps([[o.revision for o in mine], containers, addresses], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def load(kube: Kube, namespace: str) -> tuple[Document, dict[str, str]]:
    """The recorded endpoints and fingerprints; empty where nothing was recorded."""
    found = kube.find(f"/api/v1/namespaces/{namespace}/configmaps/{outputs.CONFIG_MAP}")
    data = (found.get("data") if found else None) or {}
    return json.loads(data.get(outputs.DOCUMENT, "{}")), json.loads(data.get(VERIFIED, "{}"))


def require_endpoints(kube: Kube, namespace: str) -> Document:
    """The recorded endpoints.

    Raises:
        ClusterUnreachableError: none are recorded.
    """
    document, _ = load(kube, namespace)
    if not document.get("endpoints"):
        raise ClusterUnreachableError(
            f"No endpoints are recorded in the namespace {namespace}.",
            why="Nothing was deployed there.",
            remedy=Remedy(Command("deploy")),
        )
    return document


def save(kube: Kube, namespace: str, document: Document, prints: Mapping[str, str]) -> None:
    """Write the ConfigMap; applications may read it, so it is owned field by field."""
    if load(kube, namespace) == (document, dict(prints)):
        return
    kube.apply(
        f"/api/v1/namespaces/{namespace}/configmaps/{outputs.CONFIG_MAP}",
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": outputs.CONFIG_MAP,
                "namespace": namespace,
                "labels": {"app.kubernetes.io/managed-by": MANAGER},
            },
            "data": {
                outputs.DOCUMENT: json.dumps(document, indent=2),
                VERIFIED: json.dumps(dict(prints)),
                "endpoints.env": outputs.as_env(document),
            },
        },
    )
