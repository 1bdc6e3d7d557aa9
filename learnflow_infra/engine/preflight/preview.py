"""Compare the desired releases with the cluster, and refuse what a deploy would refuse."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from learnflow_infra.clients import api_paths
from learnflow_infra.engine.gate import foundation, machine
from learnflow_infra.engine.gate.rights import of_deploy
from learnflow_infra.engine.preflight import needs, notices, refusals
from learnflow_infra.engine.preflight.refusals import Proposal
from learnflow_infra.engine.release import (
    changes,
    crds,
    credentials,
    foreign,
    immutable,
    obstacles,
    validate,
)
from learnflow_infra.engine.release.compare import compare_all
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.crds import Compared
from learnflow_infra.engine.release.foreign import Foreign
from learnflow_infra.engine.request.plan import Plan
from learnflow_infra.engine.request.prepare import Prepared
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import UNCHANGED, HostError, RefusedError, accounted
from learnflow_infra.events import Emit, Message, step
from learnflow_infra.models import Credential
from learnflow_infra.outputs.container_variables import secret_keys
from learnflow_infra.outputs.endpoints import kubectl_command
from learnflow_infra.quantities import counted
from learnflow_infra.system import tasks


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a deploy would do.

    `foreign` is what others made and it would take over. `namespace` is the one that it would
    create, "" if it exists; `secrets` are the ones that it would generate, `crds` those of each
    chart beside the live ones.
    """

    comparisons: Sequence[Comparison]
    foreign: Sequence[Foreign] = ()
    namespace: str = ""
    secrets: Sequence[Credential] = ()
    crds: Sequence[Compared] = ()


def require_machine(plan: Plan, emit: Emit) -> None:
    """Refuse a plan whose embedded cluster does not run, and cannot run on this host.

    The releases are rendered for it, so that a run asks once.

    Raises:
        HostError: this host lacks something.
    """
    foundation.require(machine.checks(plan, lambda: needs.of_plan(plan, emit)), HostError)


def require_images(plan: Plan) -> None:
    """Refuse a profile that needs images that only the embedded cluster gets.

    For a user who may not read the nodes, it is not known whether they have them.

    Raises:
        RefusedError: the target is another cluster.
    """
    target = plan.target
    own_images = [release for release in plan.releases if release.profiles[target.profile].images]
    if own_images and not target.cluster and not target.without_nodes:
        raise RefusedError(
            f"The profile {target.profile} needs images that only the embedded cluster gets.",
            why=f"The context {target.context} is another cluster.",
            remedy="Leave --context or --profile out.",
        )


def preview(
    session: Session,
    plan: Plan,
    prepared: Sequence[Prepared],
    *,
    pull: bool = False,
    adopt: bool = False,
    done: Sequence[str] = (UNCHANGED,),
) -> Preview:
    """What a deploy would change; raises if it would refuse.

    Args:
        session: the cluster.
        plan: of the request.
        prepared: its releases.
        pull: load missing images into the embedded cluster; else only look for them.
        adopt: take over what others made; else it is refused.
        done: sentences about what this run has changed so far.

    Raises:
        LearnflowError: of the class of the first refusal, with `done` at the end of its sentence.
    """
    with accounted(*done):
        return _preview(session, plan, prepared, pull=pull, adopt=adopt)


def _preview(
    session: Session, plan: Plan, prepared: Sequence[Prepared], *, pull: bool, adopt: bool
) -> Preview:
    _check_cluster(session, plan, prepared)
    comparisons, others = _compare(session, plan, prepared)
    _warn_of_refused(session, comparisons)
    proposal = Proposal(
        session=session,
        plan=plan,
        comparisons=comparisons,
        foreign=others,
        pull=pull,
        adopt=adopt,
    )
    for refuse in refusals.ALL:
        refuse(proposal)
    _warn(session, plan, comparisons)
    missing = session.kube.find(f"{api_paths.NAMESPACES}/{session.namespace}") is None
    return Preview(
        comparisons=comparisons,
        foreign=others,
        namespace=session.namespace if missing else "",
        secrets=_missing_secrets(proposal),
        crds=[crds.compare(session.kube, item.chart) for item in prepared],
    )


def _compare(
    session: Session, plan: Plan, prepared: Sequence[Prepared]
) -> tuple[list[Comparison], list[Foreign]]:
    with step(session.emit, "compare", "Compare with the cluster") as running:
        comparisons = tasks.complete(compare_all(session, prepared))
        others = tasks.complete(foreign.find_all(session, comparisons, _credentials(plan)))
        comparisons = immutable.marked(session, comparisons)
        comparisons = obstacles.marked(session, comparisons, {item.name for item in others})
        running.done(counted(len(comparisons), "release"), changed=None)
    return comparisons, others


def _warn(session: Session, plan: Plan, comparisons: Sequence[Comparison]) -> None:
    """Say what a deploy will do that its values do not show."""
    notices.dropped(session, comparisons)
    validate.warn([(item.prepared, item.desired.manifest) for item in comparisons], session.emit)
    notices.ignored(session, comparisons)
    notices.changed_secrets(session, comparisons)
    notices.recreated(comparisons, session.emit)
    notices.unpatched(comparisons, plan.mirrors, session.emit)
    notices.fields_of_others(comparisons, session.emit)
    notices.keys_kept(session, comparisons)


def _warn_of_refused(session: Session, comparisons: Sequence[Comparison]) -> None:
    """Name the objects of earlier deploys whose live fields cannot be compared."""
    for item in comparisons:
        kept = {changes.key(obj) for obj in item.desired.manifest.objects}
        for finding in item.findings:
            if finding.state == "refused" and changes.key(finding.desired) in kept:
                name, why = item.prepared.release.name, " ".join(finding.why.split())
                text = f"Warning: {name}: {finding} stays as it is, and is not compared: {why}"
                session.emit(Message(text=text))


def _check_cluster(session: Session, plan: Plan, prepared: Sequence[Prepared]) -> None:
    kube = session.kube
    with step(session.emit, "foundation", "Check the foundation") as running:
        results = foundation.cluster_checks(
            kube,
            session.access,
            lambda: needs.rights(kube, plan, prepared, session.emit),
            oldest=needs.kubernetes(plan),
            uses=of_deploy(verify=plan.verify),
        )
        foundation.require(results)
        running.done(f"{counted(len(results), 'check')} passed", changed=None)


def _credentials(plan: Plan) -> list[Credential]:
    return [credential for skill in plan.skills for credential in skill.credentials]


def _missing_secrets(proposal: Proposal) -> list[Credential]:
    """The Secrets to generate, with all keys that the manifests need of them."""
    session = proposal.session
    rendered = [obj for manifest in proposal.manifests.values() for obj in manifest.objects]
    declared = [
        _with_keys(credential, secret_keys(rendered, credential.secret))
        for credential in _credentials(proposal.plan)
    ]
    return [
        credential
        for credential in declared
        if credentials.missing(
            session.kube, session.namespace, credential, kubectl=kubectl_command(session.target)
        )
    ]


def _with_keys(credential: Credential, needed: set[str]) -> Credential:
    keys = dict.fromkeys([*credential.keys, *sorted(needed)])
    return replace(credential, keys=tuple(keys))
