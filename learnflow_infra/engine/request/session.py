"""A connected cluster, and the clients of its API server and of helm."""

import os
import threading
from dataclasses import dataclass, field

from learnflow_infra.clients import helm_choice, helm_environment
from learnflow_infra.clients.access import Access
from learnflow_infra.clients.helm import Helm
from learnflow_infra.clients.kube import Kube
from learnflow_infra.clusters import target as targets
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.plan import Plan
from learnflow_infra.engine.request.planning import api, require_profile
from learnflow_infra.events import Emit, Message
from learnflow_infra.locations import Target
from learnflow_infra.outputs import stored_record
from learnflow_infra.outputs.record import Record
from learnflow_infra.readiness.states import is_available
from learnflow_infra.readiness.watches import Watches


@dataclass(frozen=True, kw_only=True)
class Session:
    """A connected cluster, and one namespace of it.

    `watches` are shared by all waits of the run, and end with it. `stop` ends the waits
    when the run is interrupted. `record` is what the cluster recorded when the run began.
    `access` is what the user may do.
    """

    target: Target
    namespace: str
    kube: Kube
    access: Access
    helm: Helm
    emit: Emit
    watches: Watches
    record: Record = field(default_factory=Record)
    stop: threading.Event = field(default_factory=threading.Event)


def connect(plan: Plan, emit: Emit) -> Session:
    """Connect to the target of a plan.

    Raises:
        ClusterUnreachableError: it does not run, or does not answer.
        RefusedError: the namespace was deployed with another profile, whose releases have
            the same names and other charts.
    """
    target = plan.target
    targets.require_running(target)
    access = plan.access or Access(api(target))
    kube = access.kube
    _report_ignored(emit)
    _report_operators(plan, emit)
    helm_choice.ensure(emit)
    record = stored_record.read(kube, plan.namespace) if plan.record is None else plan.record
    require_profile(record, target, plan.namespace)
    return Session(
        target=target,
        namespace=plan.namespace,
        kube=kube,
        access=access,
        helm=planning.helm(target, plan.namespace),
        emit=emit,
        watches=Watches(kube),
        record=record,
    )


def _report_operators(plan: Plan, emit: Emit) -> None:
    """Name the operators of others that are used, or that disturb the one that is used."""
    used = {one.release.name: one for one in reversed(plan.operators) if one.serves(plan.namespace)}
    for one in plan.operators:
        name = one.release.name
        if one is used.get(name):
            emit(Message(text=f"Instead of the release {name}, this run uses the operator {one}."))
            if not is_available(one.deployment):
                idle = f"no pod of {one.namespace}/{one.name} is ready"
                emit(Message(text=f"Warning: {idle}. Nothing that it manages changes until then."))
        elif (one.beside or name in used) and one.sees(plan.namespace):
            first = (
                f"the operator in {used[name].namespace}" if name in used else f"the release {name}"
            )
            emit(Message(text=f"Warning: beside {first} there is the operator {one}."))


def _report_ignored(emit: Emit) -> None:
    names = helm_environment.ignored(os.environ)
    if names:
        emit(
            Message(
                text=f"Not used: {', '.join(names)}. Server and user are the kubeconfig's, and "
                "releases are kept in Secrets of the namespace."
            )
        )
