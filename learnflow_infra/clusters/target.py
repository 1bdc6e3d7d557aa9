"""Chooses the cluster of a deploy: a named context, a profile of minikube, or the embedded cluster.

A context is used only when it is named; the kubeconfig's current context plays no part. The
context `learnflow-NAME` is the embedded cluster NAME, if there is one.
"""

import os
from dataclasses import replace

from learnflow_infra.clients.connection import current_context
from learnflow_infra.clients.kube import Kube
from learnflow_infra.clusters import contexts, minikube, reach
from learnflow_infra.clusters.embedded import inventory, upgrade
from learnflow_infra.clusters.embedded.cluster_files import CONTEXT_PREFIX
from learnflow_infra.clusters.embedded.host import requirements
from learnflow_infra.errors import ClusterUnreachableError, InputError
from learnflow_infra.locations import Target
from learnflow_infra.models import Profile
from learnflow_infra.remedy import Command, Remedy

EMBEDDED, UPSTREAM = Profile("embedded"), Profile("upstream")
DEFAULT_CLUSTER = "learnflow"


def choose(context: str | None, profile: str | None) -> Target:
    """Choose the target; nothing is started or changed.

    Args:
        context: from `--context` or LEARNFLOW_CONTEXT.
        profile: from `--profile`; None takes the target's default.

    Raises:
        InputError: the profile is unknown, the context is of two clusters, or several profiles
            of minikube run and none is chosen.
        ClusterUnreachableError: `context` does not exist.
    """
    if profile not in {None, EMBEDDED, UPSTREAM}:
        raise InputError(
            f"There is no profile {profile!r}.", why=f"Profiles: {EMBEDDED}, {UPSTREAM}"
        )
    named = Profile(profile) if profile else None
    if context:
        return (
            _embedded(context, named)
            or _minikube(minikube.named(context), named)
            or _of_user(context, named)
        )
    choice = minikube.choose()
    return _minikube(choice, named) or _without_context(choice, named)


def from_cluster(cluster: inventory.Cluster, profile: Profile | None = None) -> Target:
    """The target for an embedded cluster."""
    return Target(
        kind="embedded",
        context=cluster.context,
        kubeconfig=cluster.kubeconfig,
        profile=profile or EMBEDDED,
        cluster=cluster.name,
        node_address=cluster.node_address,
        kubectl=str(cluster.kubectl),
        state=cluster.state,
        environment=reach.past_proxies(cluster.node_address, os.environ),
    )


def require_usable(target: Target) -> None:
    """Check that the target is no profile of minikube that cannot be used now.

    Raises:
        ClusterUnreachableError: it is; with minikube's command to mend it.
    """
    if target.fault:
        raise target.fault


def require_running(target: Target) -> None:
    """Check that the target runs.

    Raises:
        ClusterUnreachableError: it is an embedded cluster that is stopped or absent, or a profile
            of minikube that cannot be used now.
        RefusedError: it is an embedded cluster that is stopped and would not be started: it is too
            new, or the record of its versions is damaged.
    """
    require_usable(target)
    if target.state != "running":
        upgrade.pending(str(target.cluster))  # raises if a start would be refused
        start = Remedy("Start it: ", Command("cluster", "up", "--name", str(target.cluster)))
        raise ClusterUnreachableError(
            f"The embedded cluster {target.cluster} is {target.state}.",
            remedy=start if requirements.is_linux() else requirements.ANOTHER_CLUSTER,
        )


def _without_context(choice: minikube.Choice, profile: Profile | None) -> Target:
    """The embedded cluster, where no context is named and minikube has no profile for this run.

    Before it is started, a line names the current context, which users of kubectl may expect.
    """
    target = from_cluster(inventory.status(DEFAULT_CLUSTER), profile)
    current = current_context()
    line = f"Using the embedded cluster: the current context {current} was not named (--context)."
    unexpected = current not in {"", target.context} and target.state != "running"
    return replace(target, choice=choice.line or (line if unexpected else ""))


def _embedded(context: str, profile: Profile | None) -> Target | None:
    """The embedded cluster of a context; None if the context is the user's own.

    Raises:
        InputError: the user's kubeconfig has the context, too, for another server.
        ClusterUnreachableError: neither has it.
    """
    if not context.startswith(CONTEXT_PREFIX):
        return None
    name = context.removeprefix(CONTEXT_PREFIX)
    cluster, server = inventory.status(name), contexts.server(context)
    if cluster.state == "absent":
        if server:
            return None
        raise ClusterUnreachableError(
            f"There is no embedded cluster {name!r}, and no context {context} in the kubeconfig.",
            remedy=Remedy("Make the cluster: ", Command("cluster", "up", "--name", name)),
        )
    if server and server != contexts.server(context, cluster.kubeconfig):
        raise InputError(
            f"The context {context} is the embedded cluster {name}, and one of your kubeconfig.",
            why=f"In the kubeconfig, it is of {server}.",
            remedy=f"Rename yours: kubectl config rename-context {context} NAME",
        )
    return from_cluster(cluster, profile)


def _of_user(context: str, profile: Profile | None) -> Target:
    """A context of the user's kubeconfig.

    Raises:
        ClusterUnreachableError: it does not exist.
    """
    Kube(kubeconfig=None, context=context)
    return _reached(
        Target(kind="context", context=context, kubeconfig=None, profile=profile or UPSTREAM)
    )


def _minikube(choice: minikube.Choice, profile: Profile | None) -> Target | None:
    """The target for a profile of minikube; None if none was chosen."""
    found, verdict = choice.profile, choice.verdict
    if not found or not verdict:
        return None
    addresses = [node.address for node in found.nodes if node.name in verdict.nodes]
    return _reached(
        Target(
            kind="minikube",
            context=found.name,
            kubeconfig=None,
            profile=profile or UPSTREAM,
            node_address=next(filter(None, addresses), None),
            driver=found.driver,
            server=verdict.server,
            choice=choice.line,
            fault=choice.fault,
        )
    )


def _reached(target: Target) -> Target:
    """The target with the address by which this host reaches its node ports."""
    access = reach.of(target)
    address = access.address or target.node_address
    return replace(target, node_address=address, tunnel=access.tunnel)
