"""Deploy: check, bring the cluster up, install, wait, verify, record."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from learnflow_infra import paths
from learnflow_infra.clients import api_paths
from learnflow_infra.clients.api_errors import ConflictError
from learnflow_infra.clusters import embedded
from learnflow_infra.clusters import target as targets
from learnflow_infra.engine.gate import checkout, foundation
from learnflow_infra.engine.preflight import fixed
from learnflow_infra.engine.preflight.preview import (
    Preview,
    preview,
    require_images,
    require_machine,
)
from learnflow_infra.engine.proof.conclude import Run, conclude
from learnflow_infra.engine.proof.recorder import Recorder, recorded, write_report
from learnflow_infra.engine.release import adopt, crds, credentials, immutable, obstacles
from learnflow_infra.engine.release.compare import compare_all
from learnflow_infra.engine.release.converge import Settled, converge_all
from learnflow_infra.engine.release.recover import recover_cut_off
from learnflow_infra.engine.request import planning, run_lock
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.plan import Plan
from learnflow_infra.engine.request.prepare import Prepared, prepare
from learnflow_infra.engine.request.session import Session, connect
from learnflow_infra.errors import UNCHANGED, accounted
from learnflow_infra.events import Emit, step
from learnflow_infra.locations import Target
from learnflow_infra.models import Credential
from learnflow_infra.outputs import artifacts
from learnflow_infra.outputs.contracts import EndpointsDocument, VerifyResult
from learnflow_infra.outputs.endpoints import kubectl_command
from learnflow_infra.system import tasks

_ADOPTED = "Before that, what others made was taken over."
"""What later errors say after `--adopt`."""


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
    recorder = Recorder(emit, options.recorded)
    target = planning.choose(options, recorder)
    foundation.require(checkout.checks(target))
    with run_lock.hold(target.context, options.namespace, "deploy"):
        plan = _plan(options, target, recorder)
        prepared = prepare(plan, recorder)
        session = connect(_with_cluster(plan, recorder), recorder)
        with recorded(recorder, session), session.watches:
            allowed, done = _preview(session, plan, prepared, options)
            settled, created = _execute(session, prepared, allowed, options.timeout)
            proof = conclude(
                Run(
                    session=session,
                    skills=plan.skills,
                    comparisons=allowed.comparisons,
                    settled=settled,
                    verify=options.verify,
                    rollback=options.rollback,
                    again=created,
                    limit=options.timeout,
                    note=partial(write_report, recorder, session),
                )
            )
    return Deployed(
        target=session.target,
        changed=bool(done) or created or any(item.changed for item in settled.outcomes),
        endpoints=proof.record.endpoints,
        verification=proof.results,
        verified=proof.verified,
        files=[paths.phase_dir() / name for name in artifacts.ENDPOINT_FILES],
        seconds=time.monotonic() - started,
    )


def _preview(
    session: Session, plan: Plan, prepared: Sequence[Prepared], options: Options
) -> tuple[Preview, list[str]]:
    """What is to be done; first adopt what others made, and recover, once all is checked.

    That may change what helm renders, so that all is checked again.

    Returns:
        Also sentences about what was done, of which later errors give account.
    """
    done: list[str] = []
    allowed = preview(session, plan, prepared, pull=True, adopt=options.adopt)
    if allowed.foreign:
        with accounted(UNCHANGED):
            options.confirm(adopt.question(allowed.foreign))
        adopt.adopt(session, allowed.foreign)
        done.append(_ADOPTED)
        allowed = preview(session, plan, prepared, pull=True, done=done)
    with accounted(*(done or [UNCHANGED])):
        fixed.require_confirmed(allowed.comparisons, options.confirm)
    recovered = recover_cut_off(session, allowed.comparisons, done)
    if recovered != done:
        allowed = preview(session, plan, prepared, pull=True, done=recovered)
    return allowed, recovered


def _execute(
    session: Session, prepared: Sequence[Prepared], allowed: Preview, limit: float | None
) -> tuple[Settled, bool]:
    """Execute a preview; returns also whether Secrets or CRDs were created or changed."""
    if allowed.namespace:
        _create_namespace(session)
    generated = _create_credentials(session, allowed.secrets)
    applied = [crds.apply(session.kube, item, session.emit) for item in allowed.crds]
    comparisons = allowed.comparisons
    if any(applied):
        comparisons = immutable.marked(session, tasks.complete(compare_all(session, prepared)))
        comparisons = obstacles.marked(session, comparisons)
    settled = tasks.complete(converge_all(session, comparisons, limit))
    return settled, generated or any(applied)


def _plan(options: Options, target: Target, emit: Emit) -> Plan:
    """The plan; a cluster that exists is brought up first, as its record decides the profile.

    A running node may lack an API server, if the run that started it was interrupted.
    """
    if target.state != "running":
        plan = planning.for_cluster(options, target)
        require_machine(plan, emit)
        if target.state == "absent":
            return plan
    if target.cluster:
        target = targets.from_cluster(embedded.up(target.cluster, emit=emit), target.profile)
    return planning.for_cluster(options, target)


def _with_cluster(plan: Plan, emit: Emit) -> Plan:
    """The plan with a running target, into which the images of this project are loaded."""
    require_images(plan)
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
    return plan


def _create_namespace(session: Session) -> None:
    """Create the namespace, unless another run has just created it."""
    with step(session.emit, "namespace", f"Namespace {session.namespace}") as running:
        try:
            session.kube.create(
                api_paths.NAMESPACES,
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": session.namespace}},
            )
            running.done("created")
        except ConflictError:  # another run has just created it
            running.done("exists", changed=False)


def _create_credentials(session: Session, missing: Sequence[Credential]) -> bool:
    """Create the Secrets that do not exist yet; returns whether there were any."""
    generated = False
    for credential in missing:
        name = f"credentials/{credential.secret}"
        with step(session.emit, name, f"Secret {credential.secret}") as running:
            kubectl = kubectl_command(session.target)
            created = credentials.ensure(
                session.kube, session.namespace, credential, kubectl=kubectl
            )
            running.done("generated" if created else "kept", changed=created)
        generated |= created
    return generated
