"""What rights a deploy needs, what the current user lacks, and the manifests that grant them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from learnflow_infra.clients.access import Access
from learnflow_infra.documents.merging import put
from learnflow_infra.engine.gate.asked import ALL, Needed
from learnflow_infra.engine.gate.kinds import is_cluster_scoped
from learnflow_infra.engine.preflight import needs
from learnflow_infra.engine.release.rendering import render
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.plan import Plan
from learnflow_infra.engine.request.prepare import prepare
from learnflow_infra.events import Emit
from learnflow_infra.rights import Right, rules
from learnflow_infra.values.overrides import FlagObject

NAME = "learnflow-deployer"
"""The name of the Role and of its binding."""
RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True, kw_only=True)
class Lacking:
    """The rights that a deploy needs, and those of them that the current user lacks.

    `more` are those without which a deploy works, but leaves checks out.
    """

    needed: Sequence[Right]
    missing: Sequence[Right]
    more: Sequence[Right]


@dataclass(frozen=True, kw_only=True)
class Grants:
    """What an administrator does once, and the Role of those who deploy then, with its binding.

    `apart` are the options of a deploy that leaves the administrator's part alone.
    """

    administrator: Sequence[Mapping[str, Any]]
    deployer: Sequence[Mapping[str, Any]]
    apart: Sequence[str] = ()


def lacking(options: Options, emit: Emit) -> Lacking:
    """Ask the cluster what the current user lacks of the rights that the skills need.

    Raises:
        ClusterUnreachableError: the cluster does not run.
    """
    plan = planning.for_rights(options, emit)
    kube = planning.api(plan.target)
    access, asked = Access(kube), needs.rights(kube, plan, prepare(plan, emit), emit)
    wanted = asked.of(*ALL)
    return Lacking(
        needed=wanted, missing=access.lacking(wanted), more=access.lacking(asked.of("more"))
    )


def grants(options: Options, subject: Mapping[str, str], emit: Emit) -> Grants:
    """The manifests that let a subject deploy the skills; no cluster is needed.

    Args:
        options: of the command line.
        subject: of the RoleBinding.
        emit: takes the events.
    """
    plan = _with_cluster_objects(planning.without_cluster(options, emit))
    prepared = prepare(plan, emit)
    objects = [
        obj for manifest in render(prepared, plan.namespace, emit) for obj in manifest.with_hooks
    ]
    definitions = [crd for item in prepared for crd in item.chart.crds]
    whole = [obj for obj in objects if is_cluster_scoped(obj, definitions)]
    asked = needs.of_releases(plan.namespace, prepared, emit)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": plan.namespace}}
    return Grants(
        administrator=[namespace, *definitions, *whole],
        deployer=_deployer(plan.namespace, asked, subject),
        apart=asked.apart,
    )


def _with_cluster_objects(plan: Plan) -> Plan:
    """The plan with all that an administrator does, also what the deploys' values leave to him."""
    sources = {release.name: release.profiles[plan.target.profile] for release in plan.releases}
    whole = (
        FlagObject(values=put({}, f"{name}.{source.cluster_objects_key}", value=True))
        for name, source in sources.items()
        if source.cluster_objects_key
    )
    assignments = (*plan.overrides.assignments, *whole)
    return replace(plan, overrides=replace(plan.overrides, assignments=assignments))


def _deployer(namespace: str, asked: Needed, subject: Mapping[str, str]) -> list[dict[str, Any]]:
    """A Role and its binding in each namespace in which there are rights."""
    rights = asked.of(*ALL, "more")
    namespaces = sorted({right.namespace for right in rights} - {""}, key=lambda n: n != namespace)
    return [
        item
        for name in namespaces
        for item in _role(name, [r for r in rights if r.namespace == name], subject)
    ]


def _role(
    namespace: str, rights: Sequence[Right], subject: Mapping[str, str]
) -> list[dict[str, Any]]:
    metadata = {"name": NAME, "namespace": namespace}
    common = {"apiVersion": f"{RBAC}/v1"}
    reference = {"apiGroup": RBAC, "kind": "Role", "name": NAME}
    return [
        {**common, "kind": "Role", "metadata": metadata, "rules": rules(rights)},
        {
            **common,
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": reference,
            "subjects": [dict(subject)],
        },
    ]
