"""Read-only verbs: status, endpoints, doctor, verify."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra import documents
from learnflow_infra.clients.helm import Live
from learnflow_infra.clusters import embedded
from learnflow_infra.engine import deploy, gate, machine, records, verification
from learnflow_infra.engine.session import Options, Session, connect, read
from learnflow_infra.errors import LearnflowError
from learnflow_infra.events import Emit
from learnflow_infra.models import Check, Document, Release, ReleaseName, Skill
from learnflow_infra.outputs import endpoints as outputs
from learnflow_infra.readiness.owned import expected
from learnflow_infra.readiness.status import Status
from learnflow_infra.readiness.view import View


@dataclass(frozen=True, kw_only=True)
class ReleaseState:
    """A release as it is now; `revision` 0 and `status` "not installed" where there is none."""

    release: ReleaseName
    revision: int
    status: str
    objects: Sequence[tuple[str, Status]]

    @property
    def ready(self) -> bool:
        """Deployed, and everything it owns is ready."""
        return self.status == "deployed" and all(status.ready for _, status in self.objects)


def status(options: Options, emit: Emit) -> list[ReleaseState]:
    """The state of each release of the chosen skills."""
    request = read(options)
    session = connect(request.target, options.namespace, emit)
    with session.watches:
        return [_state(session, release) for release in request.releases]


def _state(session: Session, release: Release) -> ReleaseState:
    live, view = look(session, release)
    return ReleaseState(
        release=release.name,
        revision=live.revision if live else 0,
        status=live.status if live else "not installed",
        objects=view.look().statuses(),
    )


def look(session: Session, release: Release) -> tuple[Live | None, View]:
    """A release as helm has it, and what it owns."""
    live = asyncio.run(session.helm.live(release.name))
    view = View(session.kube, session.watches, session.namespace, release)
    view.expect(expected(documents.parse_all(live.manifest) if live else ()))
    return live, view


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """The recorded endpoints in their three forms."""

    document: Document
    text: str
    env: str


def endpoints(options: Options, emit: Emit) -> Endpoints:
    """The recorded endpoints.

    Raises:
        ClusterUnreachableError: the cluster does not run, or nothing was recorded.
    """
    session = connect(read(options).target, options.namespace, emit)
    document = records.require_endpoints(session.kube, session.namespace)
    return Endpoints(
        document=document,
        text=outputs.as_text(document, outputs.kubectl_command(session.target)),
        env=outputs.as_env(document),
    )


@dataclass(frozen=True, kw_only=True)
class Verified:
    """One result document per skill, failed ones too."""

    skills: Sequence[Skill]
    results: Sequence[Document]


def verify(options: Options, origin: verification.Origin, emit: Emit) -> Verified:
    """Verify the chosen skills through the recorded endpoints."""
    request = read(options)
    session = connect(request.target, options.namespace, emit)
    recorded, _ = records.load(session.kube, session.namespace)
    recorded = recorded or outputs.document(session.target, session.namespace, [])
    work = verification.verify_all(session, request.skills, recorded, origin)
    return Verified(skills=request.skills, results=asyncio.run(work))


def doctor(options: Options, emit: Emit) -> list[Check]:
    """The foundation gate alone; a cluster that deploy would start is no failure."""
    request = read(options)
    target = request.target
    found = [*gate.host_checks(target), *machine.checks(request)]
    if target.cluster and embedded.status(target.cluster).state != "running":
        note = f"embedded cluster {target.cluster} does not run; deploy starts it"
        stopped = Check(name="cluster", passed=True, message=note)
        return [*found, stopped]
    try:
        session = connect(target, options.namespace, emit)
        needed = deploy.needed(session, request)
        disk = machine.free_disk(session.target)
        return [*found, *gate.cluster_checks(session.kube, options.namespace, needed, disk)]
    except LearnflowError as error:
        failed = Check(name="cluster", passed=False, message=error.what, remedy=error.remedy)
        return [*found, failed]
