"""Deploy: check, bring the cluster, install, wait, verify, record."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from learnflow_infra import paths
from learnflow_infra.clusters import embedded
from learnflow_infra.clusters import target as targets
from learnflow_infra.engine import (
    credentials,
    gate,
    locks,
    machine,
    plan,
    records,
    releases,
    verification,
)
from learnflow_infra.engine.capacity import total
from learnflow_infra.engine.session import Options, Request, Session, connect, read
from learnflow_infra.errors import HostError, RefusedError
from learnflow_infra.events import Emit, step
from learnflow_infra.models import Document, Foundation, ReleaseName, Skill, Target
from learnflow_infra.outputs import artifacts
from learnflow_infra.readiness.tracker import INSTANCE
from learnflow_infra.values import Layer, compute
from learnflow_infra.values.merge import put

Images = Mapping[Path, embedded.ImageRef]


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """What a deploy came to; `verification` is empty when the same pods had been `verified`."""

    target: Target
    changed: bool
    endpoints: Document
    verification: Sequence[Document]
    verified: bool
    files: Sequence[Path]
    seconds: float


def deploy(options: Options, emit: Emit) -> Deployed:
    """Bring the cluster and the releases to what is asked, and prove that they work.

    Raises:
        LearnflowError: of the class that says which part failed; see the exit codes.
    """
    started = time.monotonic()
    request = read(options)
    plan.check_profile(request.releases, request.target.profile)
    recorder = records.Recorder(emit)
    gate.require(gate.host_checks(request.target))
    gate.require(machine.checks(request), HostError)
    with locks.hold(request.target.context, options.namespace, "deploy"):
        target, images = _cluster(request, recorder)
        session = connect(target, options.namespace, recorder)
        try:
            record, results = _releases(session, request, options, images, recorder)
        finally:
            records.write_report(recorder, session)
    return Deployed(
        target=session.target,
        changed=recorder.changed,
        endpoints=record.endpoints,
        verification=results,
        verified=bool(results) or record.verified,
        files=[paths.phase_dir() / name for name in artifacts.ENDPOINT_FILES],
        seconds=time.monotonic() - started,
    )


def _cluster(request: Request, emit: Emit) -> tuple[Target, Images]:
    """The target, running, with the images that its charts need."""
    target = request.target
    charts = [release.profiles[target.profile] for release in request.releases]
    recipes = [use.recipe for chart in charts for use in chart.images]
    if target.cluster is not None:
        embedded.prepare(recipes, emit=emit)
        cluster = embedded.up(target.cluster, emit=emit)
        images = embedded.load_images(target.cluster, recipes, emit=emit)
        return targets.from_cluster(cluster, target.profile), images
    if recipes:
        raise RefusedError(
            f"The profile {target.profile} needs images that only the embedded cluster gets.",
            why=f"The context {target.context} is another cluster.",
            remedy="Leave --context or --profile out.",
        )
    return target, {}


def _releases(
    session: Session,
    request: Request,
    options: Options,
    images: Images,
    recorder: records.Recorder,
) -> tuple[records.Record, list[Document]]:
    """Everything that happens in the cluster; returns its record and verification results."""
    _foundation(session, request)
    _namespace(session)
    for skill in request.skills:
        _credentials(session, skill)
    values = {release.name: _values(request, release.name, images) for release in request.releases}
    outcomes = asyncio.run(
        releases.converge_all(session, request.releases, values, options.timeout)
    )
    record = records.Record.of(session, request.skills, outcomes)
    record.publish(session)
    results: list[Document] = []
    if options.verify and (recorder.changed or not record.verified):
        work = verification.verify_all(session, record.skills, record.endpoints)
        results = asyncio.run(work)
        verification.require(results)
        record.publish(session, verified=True)
    record.write(session, outcomes)
    return record, results


def _foundation(session: Session, request: Request) -> None:
    with step(session.emit, "foundation", "Check the foundation") as running:
        disk = machine.free_disk(session.target)
        found = gate.cluster_checks(session.kube, session.namespace, needed(session, request), disk)
        gate.require(found)
        running.done(f"{len(found)} checks passed", changed=None)


def needed(session: Session, request: Request) -> Foundation:
    """What the skills that are not there yet ask of the cluster."""
    pods = session.kube.items(f"/api/v1/namespaces/{session.namespace}/pods")
    present = {pod["metadata"].get("labels", {}).get(INSTANCE) for pod in pods}
    absent = [
        skill.foundation
        for skill in request.skills
        if not all(release.name in present for release in skill.releases)
    ]
    return total(absent)


def _namespace(session: Session) -> None:
    """Create the namespace unless it exists; who may not create it may still use it."""
    if session.kube.find(f"/api/v1/namespaces/{session.namespace}") is not None:
        return
    with step(session.emit, "namespace", f"Namespace {session.namespace}") as running:
        body = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": session.namespace},
        }
        session.kube.request("POST", "/api/v1/namespaces", body=body)
        running.done("created")


def _credentials(session: Session, skill: Skill) -> None:
    for credential in skill.credentials:
        name = f"credentials/{credential.secret}"
        with step(session.emit, name, f"Secret {credential.secret}") as running:
            created = credentials.ensure(session.kube, session.namespace, credential)
            running.done("generated" if created else "kept", changed=created)


def _values(request: Request, release: ReleaseName, images: Images) -> Document:
    profile = request.target.profile
    chart = next(item for item in request.releases if item.name == release).profiles[profile]
    built: Document = {}
    for use in chart.images:
        built = put(built, use.values, dict(vars(images[use.recipe])))
    layer = Layer(name="image built by this project", values=built)
    return compute(release, profile, overrides=request.overrides, below=[layer]).values
