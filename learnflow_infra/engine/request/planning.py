"""From options to a plan: the target, its profile, the skills and their releases."""

from dataclasses import replace

from learnflow_infra import skills as library
from learnflow_infra.clients import helm_choice
from learnflow_infra.clients.access import Access
from learnflow_infra.clients.api_errors import ASK, MissingRightError
from learnflow_infra.clients.helm import Helm
from learnflow_infra.clients.kube import Kube
from learnflow_infra.clusters import target as targets
from learnflow_infra.clusters.reach import LOCALHOST
from learnflow_infra.engine.request import (
    dependencies,
    foreign_revisions,
    operators,
    reuse,
)
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.plan import Plan
from learnflow_infra.errors import FoundationError, RefusedError
from learnflow_infra.events import Emit, Message
from learnflow_infra.locations import Target
from learnflow_infra.outputs import stored_record
from learnflow_infra.outputs.record import Record
from learnflow_infra.remedy import Command, Remedy, join_lines
from learnflow_infra.rights import LIST_NODES
from learnflow_infra.sources import mirror
from learnflow_infra.system import tasks
from learnflow_infra.values import read_overrides

_NO_NODES = "this user may not read the nodes, whose addresses node ports need"


def choose(options: Options, emit: Emit) -> Target:
    """The target of the options, with its default profile unless they name one.

    A line says what was chosen, why, and what was passed over, where there is more than one.

    Raises:
        InputError: the profile is unknown, or several profiles of minikube run.
        ClusterUnreachableError: the context does not exist.
    """
    target = targets.choose(options.context, options.profile)
    if target.choice:
        emit(Message(text=target.choice))
    helm_choice.warn(emit)
    return target


def without_cluster(options: Options, emit: Emit) -> Plan:
    """The plan of a verb that reads no cluster: of `--profile`, or of the target's default.

    Raises:
        InputError: a skill, its needs, the profile's name or a values file is wrong.
        ClusterUnreachableError: the context does not exist.
    """
    return _plan(options, choose(options, emit), None)


def for_values(options: Options, emit: Emit) -> Plan:
    """The plan of a verb that needs the cluster only to reuse the values of the last deploy.

    Raises:
        InputError: a skill, its needs, the profile's name or a values file is wrong.
        ClusterUnreachableError: the context does not exist, or values are to be reused and the
            cluster does not run.
    """
    if not (options.reuse_values or options.keep_foreign):
        return without_cluster(options, emit)
    plan = for_cluster(options, choose(options, emit))
    targets.require_running(plan.target)
    return plan


def for_cluster(options: Options, target: Target) -> Plan:
    """The plan of a verb that reads the cluster: of the profile that the cluster records.

    Args:
        options: of the command line.
        target: of the options.

    Raises:
        InputError: a skill, its needs, the profile's name or a values file is wrong.
        ClusterUnreachableError: the context does not exist, or its server does not answer; or
            it is a profile of minikube that cannot be used now.
        RefusedError: the options name another profile than the record.
    """
    targets.require_usable(target)
    if target.state != "running":
        return _plan(options, target, None)
    kube = api(target)
    access, record = Access(kube), _read_record(kube, options.namespace)
    target = _reached(target, access)
    if record.profile and not options.profile:
        target = replace(target, profile=record.profile)
    require_profile(record, target, options.namespace)
    plan = replace(_with_operators(_plan(options, target, record)), access=access)
    names, client = [release.name for release in plan.releases], helm(target, options.namespace)
    if options.reuse_values:
        plan = replace(plan, previous=reuse.read(client, names, record))
    if options.keep_foreign:
        found = tasks.complete(foreign_revisions.read_all(client, record, names))
        plan = replace(plan, foreign=found)
    return plan


def for_rights(options: Options, emit: Emit) -> Plan:
    """The plan of a verb that names missing rights, those to read the record among them.

    Raises:
        InputError: a skill, its needs, the profile's name or a values file is wrong.
        ClusterUnreachableError: the cluster does not run, or its server does not answer.
        RefusedError: the options name another profile than the record.
    """
    target = choose(options, emit)
    targets.require_running(target)
    try:
        return for_cluster(options, target)
    except FoundationError:
        return _plan(options, _reached(target, Access(api(target))), None)


def _read_record(kube: Kube, namespace: str) -> Record:
    """The record of a namespace, which is the first that a verb asks for there.

    Raises:
        FoundationError: this user may not read it. The server answers the same where the namespace
            does not exist.
    """
    try:
        return stored_record.read(kube, namespace)
    except MissingRightError as error:
        raise FoundationError(
            f"You may not work in the namespace {namespace}, or it does not exist.",
            why=f"The API server tells you no more: {error.message}",
            remedy=join_lines(ASK, "Or name a namespace of yours: --namespace NAME"),
        ) from error


def _reached(target: Target, access: Access) -> Target:
    """The target with tunnels, if this user may not read the nodes, whose addresses ports need."""
    if target.node_address or access.may(LIST_NODES):
        return target
    return replace(target, node_address=LOCALHOST, tunnel=True, without_nodes=_NO_NODES)


def require_profile(record: Record, target: Target, namespace: str) -> None:
    """A namespace keeps the profile of its first deploy, which the cluster records.

    Raises:
        RefusedError: the target has another profile.
    """
    recorded = record.profile
    if recorded not in {None, target.profile}:
        raise RefusedError(
            f"The namespace {namespace} was deployed with the profile {recorded}.",
            why=f"Under the same names, {target.profile} has other charts and volumes.",
            remedy=Remedy(
                f"Add --profile {recorded}, or change it for good: ",
                Command("delete", "--profile", f"{recorded}"),
            ),
        )


def api(target: Target) -> Kube:
    """The client of a target's API server; no request is sent yet.

    Raises:
        ClusterUnreachableError: the context does not exist.
    """
    return Kube(
        kubeconfig=target.kubeconfig,
        context=target.context,
        no_proxy=target.environment.get("NO_PROXY"),
    )


def helm(target: Target, namespace: str) -> Helm:
    """Helm on a target; nothing is run yet."""
    return Helm(
        kubeconfig=target.kubeconfig,
        context=target.context,
        namespace=namespace,
        environment=target.environment,
    )


def _with_operators(plan: Plan) -> Plan:
    """The plan with the operators of others, without the releases in place of which one is used."""
    found = operators.find(api(plan.target), plan.namespace, plan.releases, plan.target.profile)
    used = {one.release.name for one in found if one.serves(plan.namespace)}
    kept = tuple(release for release in plan.releases if release.name not in used)
    return replace(plan, operators=found, releases=kept)


def _plan(options: Options, target: Target, record: Record | None) -> Plan:
    all_skills = library.load_all(target.profile)
    skills = library.find(options.skills, all_skills)
    names = [release.name for skill in all_skills for release in skill.releases]
    dialect = helm_choice.expected().dialect
    overrides = read_overrides(options.flags, names, dialect)
    mirrors = tuple(mirror.parse(text) for text in options.mirrors)
    if options.skills:  # without names, the skills are those of the profile
        dependencies.require_profile(skills, target.profile)
    releases = dependencies.order(skills, all_skills, target.profile)
    needed = {release.skill for release in releases}
    return Plan(
        target=target,
        namespace=options.namespace,
        skills=tuple(skill for skill in all_skills if skill.name in needed),
        releases=releases,
        overrides=overrides,
        mirrors=mirrors,
        record=record,
        allow_recreate=options.allow_recreate,
        force_conflicts=options.force_conflicts,
        verify=options.verify,
        dialect=dialect,
    )
