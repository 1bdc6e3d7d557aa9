"""Deploy: check, bring the cluster up, install, wait, verify, record."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from learnflow_infra import paths
from learnflow_infra.clients.api_errors import ConflictError
from learnflow_infra.clusters import embedded
from learnflow_infra.clusters import target as targets
from learnflow_infra.engine.gate import checkout, foundation, machine
from learnflow_infra.engine.images import required
from learnflow_infra.engine.proof.prove import prove
from learnflow_infra.engine.proof.recorder import Recorder, recorded
from learnflow_infra.engine.release import converge, crds, credentials, validate
from learnflow_infra.engine.release.compare import Comparison, compare_all
from learnflow_infra.engine.release.recover import compare_checked
from learnflow_infra.engine.request import planning, run_lock
from learnflow_infra.engine.request.planning import Options, Plan
from learnflow_infra.engine.request.prepare import prepare
from learnflow_infra.engine.request.session import Session, connect
from learnflow_infra.errors import HostError, RefusedError
from learnflow_infra.events import Emit, step
from learnflow_infra.locations import Target
from learnflow_infra.models import Skill
from learnflow_infra.outputs import artifacts
from learnflow_infra.outputs.contracts import EndpointsDocument, VerifyResult


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The result of a deploy; `verification` is empty if an earlier run `verified` these pods."""

    target: Target
    changed: bool
    endpoints: EndpointsDocument
    verification: Sequence[VerifyResult]
    verified: bool
    files: Sequence[Path]
    seconds: float


def deploy(options: Options, emit: Emit) -> Deployed:
    """Bring the cluster and the releases to the desired state, and prove that they work.

    Raises:
        LearnflowError: of the class of the part that failed; see the exit codes.
    """
    started = time.monotonic()
    recorder = Recorder(emit)
    target = planning.choose(options)
    foundation.require(checkout.checks(target))
    with run_lock.hold(target.context, options.namespace, "deploy"):
        plan = _plan(options, target, recorder)
        prepared = prepare(plan, recorder)
        session = connect(_with_cluster(plan, recorder), recorder)
        with recorded(recorder, session), session.watches:
            _check_foundation(session, plan)
            comparisons = compare_checked(session, prepared, partial(_check, session))
            _create_namespace(session)
            generated = _create_credentials(session, plan.skills)
            applied = [crds.apply(session.kube, item.chart, session.emit) for item in prepared]
            if any(applied):
                comparisons = asyncio.run(compare_all(session, prepared))
            outcomes = asyncio.run(converge.converge_all(session, comparisons, options.timeout))
            proof = prove(
                session,
                plan.skills,
                outcomes,
                verify=options.verify,
                again=generated or any(applied),
            )
    return Deployed(
        target=session.target,
        changed=recorder.changed,
        endpoints=proof.record.endpoints,
        verification=proof.results,
        verified=proof.verified,
        files=[paths.phase_dir() / name for name in artifacts.ENDPOINT_FILES],
        seconds=time.monotonic() - started,
    )


def _plan(options: Options, target: Target, emit: Emit) -> Plan:
    """The plan; a cluster that exists is brought up first, as its record decides the profile.

    A running node may lack an API server, if the run that started it was interrupted.
    """
    if target.state != "running":
        plan = planning.for_cluster(options, target)
        foundation.require(machine.checks(plan), HostError)
        if target.state == "absent":
            return plan
    if target.cluster:
        target = targets.from_cluster(embedded.up(target.cluster, emit=emit), target.profile)
    return planning.for_cluster(options, target)


def _with_cluster(plan: Plan, emit: Emit) -> Plan:
    """The plan with a running target, into which the images of this project are loaded."""
    target = plan.target
    charts = [release.profiles[target.profile] for release in plan.releases]
    recipes = [use.recipe for chart in charts for use in chart.images]
    cluster = target.cluster
    if cluster:
        embedded.prepare(recipes, emit=emit)
        if plan.record is None:  # the cluster did not exist when the plan was made
            target = targets.from_cluster(embedded.up(cluster, emit=emit), target.profile)
        embedded.load_images(cluster, recipes, emit=emit)
        return replace(plan, target=target)
    if recipes:
        raise RefusedError(
            f"The profile {target.profile} needs images that only the embedded cluster gets.",
            why=f"The context {target.context} is another cluster.",
            remedy="Leave --context or --profile out.",
        )
    return plan


def _check_foundation(session: Session, plan: Plan) -> None:
    with step(session.emit, "foundation", "Check the foundation") as running:
        results = foundation.foundation_checks(session, plan)
        foundation.require(results)
        running.done(f"{len(results)} checks passed", changed=None)


def _check(session: Session, comparisons: Sequence[Comparison], done: str) -> None:
    """Refuse manifests that could not become ready; `done` is for the error, see `require`."""
    manifests = [(item.prepared, item.desired.manifest) for item in comparisons]
    validate.require(validate.against_crds(manifests), done)
    objects = {item.release.name: manifest.objects for item, manifest in manifests}
    values = {item.release.name: item.computed.effective for item, _ in manifests}
    ports = foundation.port_checks(session.kube, session.namespace, objects, values)
    foundation.require(ports, done=done)
    with_hooks = {item.release.name: manifest.with_hooks for item, manifest in manifests}
    images = required.required_images([item for item, _ in manifests], with_hooks)
    required.ensure(session, images, required.running_images(session), session.emit)


def _create_namespace(session: Session) -> None:
    """Create the namespace unless it exists; a user who may not create it may still use it."""
    if session.kube.find(f"/api/v1/namespaces/{session.namespace}") is not None:
        return
    with step(session.emit, "namespace", f"Namespace {session.namespace}") as running:
        try:
            session.kube.create(
                "/api/v1/namespaces",
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": session.namespace}},
            )
            running.done("created")
        except ConflictError:  # another run has just created it
            running.done("exists", changed=False)


def _create_credentials(session: Session, skills: Sequence[Skill]) -> bool:
    """Create the Secrets that do not exist yet; returns whether there were any."""
    generated = False
    for credential in (credential for skill in skills for credential in skill.credentials):
        name = f"credentials/{credential.secret}"
        with step(session.emit, name, f"Secret {credential.secret}") as running:
            created = credentials.ensure(session.kube, session.namespace, credential)
            running.done("generated" if created else "kept", changed=created)
        generated |= created
    return generated
