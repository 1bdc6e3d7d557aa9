"""Deploy: check, bring the cluster, install, wait, verify, record."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from learnflow_infra import paths
from learnflow_infra.clusters import embedded
from learnflow_infra.clusters import target as targets
from learnflow_infra.engine.gate import checkout, checks, machine
from learnflow_infra.engine.images import required
from learnflow_infra.engine.proof import records
from learnflow_infra.engine.proof.recorder import Recorder, recorded
from learnflow_infra.engine.release import converge, crds, credentials, validate
from learnflow_infra.engine.release.compare import Comparison, compare_all
from learnflow_infra.engine.release.recover import compare_checked
from learnflow_infra.engine.request import locks, prepare
from learnflow_infra.engine.request.prepare import Prepared
from learnflow_infra.engine.request.session import Options, Request, Session, connect, read
from learnflow_infra.errors import HostError, RefusedError
from learnflow_infra.events import Emit, step
from learnflow_infra.models import Document, Skill, Target
from learnflow_infra.outputs import artifacts


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
    recorder = Recorder(emit)
    checks.require(checkout.checks(request.target))
    checks.require(machine.checks(request), HostError)
    prepared = prepare.prepare(request, recorder)
    with locks.hold(request.target.context, options.namespace, "deploy"):
        session = connect(_cluster(request, recorder), options.namespace, recorder)
        with recorded(recorder, session), session.watches:
            record, results = _releases(session, request, options, prepared, recorder)
    return Deployed(
        target=session.target,
        changed=recorder.changed,
        endpoints=record.endpoints,
        verification=results,
        verified=bool(results) or record.verified,
        files=[paths.phase_dir() / name for name in artifacts.ENDPOINT_FILES],
        seconds=time.monotonic() - started,
    )


def _cluster(request: Request, emit: Emit) -> Target:
    """The target, running, with the images that this project builds for its charts."""
    target = request.target
    charts = [release.profiles[target.profile] for release in request.releases]
    recipes = [use.recipe for chart in charts for use in chart.images]
    if target.cluster is not None:
        embedded.prepare(recipes, emit=emit)
        cluster = embedded.up(target.cluster, emit=emit)
        embedded.load_images(target.cluster, recipes, emit=emit)
        return targets.from_cluster(cluster, target.profile)
    if recipes:
        raise RefusedError(
            f"The profile {target.profile} needs images that only the embedded cluster gets.",
            why=f"The context {target.context} is another cluster.",
            remedy="Leave --context or --profile out.",
        )
    return target


def _releases(
    session: Session,
    request: Request,
    options: Options,
    prepared: Sequence[Prepared],
    recorder: Recorder,
) -> tuple[records.Record, list[Document]]:
    """Everything that happens in the cluster; returns its record and verification results."""
    _foundation(session, request)
    comparisons = compare_checked(session, prepared, partial(_check, session))
    _namespace(session)
    for skill in request.skills:
        _credentials(session, skill)
    if _crds(session, prepared):
        comparisons = asyncio.run(compare_all(session, prepared))
    outcomes = asyncio.run(converge.converge_all(session, comparisons, options.timeout))
    record = records.Record.of(session, request.skills, outcomes)
    proof = records.prove(
        session, record, outcomes, verify=options.verify, changed=recorder.changed
    )
    return record, proof


def _check(session: Session, comparisons: Sequence[Comparison], done: str) -> None:
    """Refuse what could not become ready; `done` is what was done to the releases before."""
    manifests = [(item.prepared, item.desired.manifest) for item in comparisons]
    validate.require(validate.against_crds(manifests), done)
    objects = {item.release.name: manifest.objects for item, manifest in manifests}
    values = {item.release.name: item.computed.seen for item, _ in manifests}
    ports = checks.port_checks(session.kube, session.namespace, objects, values)
    checks.require(ports, done=done)
    with_hooks = {item.release.name: manifest.with_hooks for item, manifest in manifests}
    needed = required.wanted([item for item, _ in manifests], with_hooks)
    required.ensure(session, needed, required.live(session), session.emit)


def _crds(session: Session, prepared: Sequence[Prepared]) -> bool:
    """Apply every chart's CRDs, before anything that needs them is rendered or installed."""
    changed = [crds.apply(session.kube, item.chart, session.emit) for item in prepared]
    return any(changed)


def _foundation(session: Session, request: Request) -> None:
    with step(session.emit, "foundation", "Check the foundation") as running:
        results = checks.foundation_checks(session, request)
        checks.require(results)
        running.done(f"{len(results)} checks passed", changed=None)


def _namespace(session: Session) -> None:
    """Create the namespace unless it exists; who may not create it may still use it."""
    if session.kube.find(f"/api/v1/namespaces/{session.namespace}") is not None:
        return
    with step(session.emit, "namespace", f"Namespace {session.namespace}") as running:
        session.kube.create(
            "/api/v1/namespaces",
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": session.namespace},
            },
        )
        running.done("created")


def _credentials(session: Session, skill: Skill) -> None:
    for credential in skill.credentials:
        name = f"credentials/{credential.secret}"
        with step(session.emit, name, f"Secret {credential.secret}") as running:
            created = credentials.ensure(session.kube, session.namespace, credential)
            running.done("generated" if created else "kept", changed=created)
