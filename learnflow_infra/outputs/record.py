"""Pure: what deploys left in a namespace: endpoints, verifications, revisions that were ready."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from learnflow_infra.models import Profile, ReleaseName, SkillName
from learnflow_infra.outputs.contracts import EndpointDocument, EndpointsDocument, VerifiedDocument

KEPT = 10
"""How many revisions of a release are recorded, as many as helm keeps."""


@dataclass(frozen=True, kw_only=True)
class Verified:
    """The last successful verification of a skill.

    `at` is in UTC, "" of an earlier version's. `objects` are the objects that it covers, with
    what identifies each (engine.release.covered); no release is like an earlier version's.
    `holds` is False once a later one has failed; then it only shows what was changed since.
    """

    at: str = ""
    objects: Mapping[str, str] = field(default_factory=dict)
    holds: bool = True


@dataclass(frozen=True, kw_only=True)
class Revision:
    """A revision that was ready `at` a time, in UTC, and whether it was `verified` then.

    `deployed` is when helm deployed it, in seconds since 1970: revisions are counted from 1
    again after an uninstallation.
    """

    revision: int
    deployed: float
    at: str
    verified: bool


@dataclass(frozen=True, kw_only=True)
class ReleaseRecord:
    """A release as the last run left it.

    `chart` is its name and version, as helm writes them. `revisions` are those that were ready,
    the newest first. `claims` has the uid of each volume claim of its pods.
    """

    skill: SkillName
    chart: str = ""
    revisions: tuple[Revision, ...] = ()
    claims: Mapping[str, str] = field(default_factory=dict)

    def find(self, revision: int, deployed: float) -> Revision | None:
        """A recorded revision."""
        same = (item for item in self.revisions if item.revision == revision)
        return next((item for item in same if item.deployed == deployed), None)

    def ready(self, new: Revision) -> "ReleaseRecord":
        """The record with a revision that is ready now; one that was verified stays so."""
        known = self.find(new.revision, new.deployed)
        if known and (known.verified or not new.verified):
            return self
        older = tuple(item for item in self.revisions if item.revision < new.revision)
        return replace(self, revisions=(new, *older)[:KEPT])

    def failed(self, revision: int) -> "ReleaseRecord":
        """The record without a revision that failed a verification, unless it passed one before."""
        kept = (item for item in self.revisions if item.verified or item.revision != revision)
        return replace(self, revisions=tuple(kept))


@dataclass(frozen=True, kw_only=True)
class Record:
    """The endpoints of a namespace, and the verified state of each skill.

    `endpoints` is the document of endpoints.json, `{}` where nothing is deployed. `verified` has
    the last verification of each skill, if it passed. `version` is the ConfigMap's
    resourceVersion, "" where there is none.
    """

    endpoints: EndpointsDocument = field(default_factory=EndpointsDocument)
    verified: Mapping[SkillName, Verified] = field(default_factory=dict)
    releases: Mapping[ReleaseName, ReleaseRecord] = field(default_factory=dict)
    version: str = field(default="", compare=False)

    @property
    def profile(self) -> Profile | None:
        """The profile of the deployed releases; None where nothing is deployed."""
        return self.endpoints.get("profile")

    def about(self, document: EndpointsDocument) -> "Record":
        """The record in a document's place and profile, with its own endpoints."""
        kept = self.endpoints.get("endpoints", [])
        return replace(self, endpoints={**document, "endpoints": kept})

    def holds(
        self, skill: SkillName, objects: Mapping[str, str], document: EndpointsDocument
    ) -> bool:
        """Whether a recorded verification holds: of these objects, and of these endpoints."""
        verified = self.verified.get(skill)
        same = verified is not None and verified.holds and verified.objects == objects
        return same and _addresses(self.endpoints, skill) == _addresses(document, skill)

    def replaced(self, skill: SkillName, document: EndpointsDocument) -> "Record":
        """The record with the endpoints that a skill has in a document."""
        own = replace(self, endpoints=document, verified={})
        return self.with_entries(own, {skill})

    def proven(
        self,
        skill: SkillName,
        document: EndpointsDocument,
        proof: VerifiedDocument,
        objects: Mapping[str, str],
    ) -> "Record":
        """The record with a skill's endpoints of a document, which were verified with objects."""
        entries = [
            {**item, "verified": proof} if item["skill"] == skill else item
            for item in document["endpoints"]
        ]
        record = self.replaced(skill, {**document, "endpoints": entries})  # type: ignore[typeddict-item]
        verified = Verified(at=proof["at"], objects=objects)
        return replace(record, verified={**record.verified, skill: verified})

    def unproven(self, skills: Collection[SkillName], why: str) -> "Record":
        """The record with the endpoints that it has of these skills, as not verified."""
        note = {"verified": None, "unverified": why}
        entries = [
            {**item, **note} if item["skill"] in skills else item
            for item in self.endpoints.get("endpoints", ())
        ]
        verified = {
            name: replace(value, holds=value.holds and name not in skills)
            for name, value in self.verified.items()
        }
        document = {**self.endpoints, "endpoints": entries}
        return replace(self, endpoints=document, verified=verified)  # type: ignore[arg-type]

    def without(self, skills: Collection[SkillName]) -> "Record":
        """The record without these skills."""
        kept = [item for item in self.endpoints.get("endpoints", ()) if item["skill"] not in skills]
        verified = {name: value for name, value in self.verified.items() if name not in skills}
        releases = {name: r for name, r in self.releases.items() if r.skill not in skills}
        document: EndpointsDocument = {**self.endpoints, "endpoints": kept}
        return replace(self, endpoints=document, verified=verified, releases=releases)

    def with_entries(self, own: "Record", skills: Collection[SkillName]) -> "Record":
        """The record with the entries of these skills as `own` has them."""
        others = self.without(skills)
        entries = [item for item in own.endpoints["endpoints"] if item["skill"] in skills]
        entries = sorted([*others.endpoints["endpoints"], *entries], key=lambda item: item["name"])
        verified = {name: value for name, value in own.verified.items() if name in skills}
        releases = {name: r for name, r in own.releases.items() if r.skill in skills}
        return replace(
            self,
            endpoints={**own.endpoints, "endpoints": entries},
            verified={**others.verified, **verified},
            releases={**others.releases, **releases},
        )


def _addresses(document: EndpointsDocument, skill: SkillName) -> list[EndpointDocument]:
    """The endpoints of a skill, without their proof."""
    return [
        {**item, "verified": None, "unverified": ""}
        for item in document.get("endpoints", ())
        if item["skill"] == skill
    ]
