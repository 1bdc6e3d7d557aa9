"""What a deploy refuses before it changes anything. To refuse more, add a function to `ALL`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.engine.gate import foundation, load_balancers
from learnflow_infra.engine.images import local, required
from learnflow_infra.engine.preflight import fixed, needs, of_others
from learnflow_infra.engine.release import (
    acceptance,
    adopt,
    claims_at_risk,
    obstacles,
    recover,
    validate,
)
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.foreign import Foreign
from learnflow_infra.engine.release.state import Action, ReleaseState
from learnflow_infra.engine.request.plan import Plan
from learnflow_infra.engine.request.session import Session
from learnflow_infra.models import ReleaseName
from learnflow_infra.references import parse
from learnflow_infra.sources.image_names import always_pulled


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a deploy is about to do, for the functions that refuse it.

    `pull` is False in a dry run: registries are asked for images, and the
    embedded cluster gets none. `foreign` is what others made, and what is taken over with
    `adopt`.
    """

    session: Session
    plan: Plan
    comparisons: Sequence[Comparison]
    foreign: Sequence[Foreign] = ()
    pull: bool = False
    adopt: bool = False

    @property
    def manifests(self) -> Mapping[ReleaseName, Manifest]:
        """The desired manifest of each release."""
        return {item.prepared.release.name: item.desired.manifest for item in self.comparisons}


Refusal = Callable[[Proposal], None]
"""Raises a LearnflowError if the deploy must not be done."""


def held(proposal: Proposal) -> None:
    """Another helm process may be working on a release (9)."""
    recover.require_free(proposal.comparisons)


def operators(proposal: Proposal) -> None:
    """An operator of others is in the way (10), or the one that is used does not run (11)."""
    taken = {item.release for item in proposal.foreign if "/namespaces/" not in item.path}
    of_others.require(proposal.plan.operators, proposal.session.namespace, taken)


def ownership(proposal: Proposal) -> None:
    """Somebody else made a release, an object or a claim of these names (10)."""
    if proposal.foreign and not proposal.adopt:
        raise adopt.refusal(proposal.foreign)


def claims_being_deleted(proposal: Proposal) -> None:
    """A change may end the pods that keep the data of a claim that is being deleted (10)."""
    for item in proposal.comparisons:
        if item.action is not Action.NONE:
            live = item.live.manifest.objects if item.live else ()
            objects = [*live, *item.desired.manifest.objects]
            release = item.prepared.release.name
            claims_at_risk.require_none(proposal.session, release, objects)


def adopted_claims(proposal: Proposal) -> None:
    """Helm would delete a claim of a release that others made, as the chart has none (10)."""
    for item in proposal.comparisons:
        if item.state is ReleaseState.FOREIGN:
            adopt.require_claims_kept(proposal.session, item)


def custom_resources(proposal: Proposal) -> None:
    """A custom resource violates the CRD of its chart (3)."""
    manifests = [(item.prepared, item.desired.manifest) for item in proposal.comparisons]
    validate.require(validate.against_crds(manifests))


def node_ports(proposal: Proposal) -> None:
    """A node port is out of range or requested twice (3), or another Service has it (11)."""
    session = proposal.session
    desired = {name: manifest.objects for name, manifest in proposal.manifests.items()}
    values = {
        item.prepared.release.name: item.prepared.computed.effective
        for item in proposal.comparisons
    }
    foundation.require_possible_ports(session.kube, desired, values)
    checks = foundation.port_checks(session.kube, session.namespace, desired, values)
    foundation.require(checks)


def balancers(proposal: Proposal) -> None:
    """A Service needs a load balancer, which the embedded cluster does not have (11)."""
    desired = {name: manifest.objects for name, manifest in proposal.manifests.items()}
    names = load_balancers.requested(desired)
    cluster = proposal.session.target.cluster
    if names and cluster:
        services = proposal.session.kube.items(api_paths.SERVICES)
        check = load_balancers.check(names, services, cluster)
        foundation.require([check])


def capacity(proposal: Proposal) -> None:
    """No node can hold a pod, or no storage class serves a claim (11)."""
    required = needs.of_changes(proposal.comparisons)
    foundation.require(needs.checks(proposal.session, required))


def unchangeable(proposal: Proposal) -> None:
    """A change cannot be made to an object that exists (10)."""
    found = [one for item in proposal.comparisons for one in item.fixed]
    recreatable = all(one.recreatable for one in found)
    if found and not (recreatable and proposal.plan.allow_recreate):
        fixed.require_possible(proposal.session, proposal.comparisons)


def fields_of_others(proposal: Proposal) -> None:
    """An upgrade would undo what others set in an object (10)."""
    obstacles.require_none(proposal.comparisons)


def objects(proposal: Proposal) -> None:
    """Helm cannot handle an object, or the API server refuses it in a dry run (3)."""
    acceptance.require(proposal.session, proposal.comparisons)


def images(proposal: Proposal) -> None:
    """An image cannot be obtained (5)."""
    session = proposal.session
    with_hooks = {name: manifest.with_hooks for name, manifest in proposal.manifests.items()}
    prepared = [item.prepared for item in proposal.comparisons]
    deployments = {one.release.name: [one.deployment] for one in proposal.plan.operators}
    names = required.required_images(prepared, with_hooks, deployments)
    for manifest in with_hooks.values():
        local.require_not_pulled(map(parse, always_pulled(manifest)))
    required.ensure(
        session,
        names,
        required.running_images(session),
        session.emit,
        pull=proposal.pull,
        built=required.built_images(prepared) if session.target.cluster else (),
    )


ALL: Sequence[Refusal] = (
    held,
    operators,
    ownership,
    adopted_claims,
    claims_being_deleted,
    custom_resources,
    node_ports,
    unchangeable,
    fields_of_others,
    balancers,
    objects,
    capacity,
    images,
)
"""In this order: what explains more comes before the API server's refusal; images take longest."""
