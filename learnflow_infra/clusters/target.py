"""Chooses the cluster of a deploy: a named context, a running minikube, or the embedded cluster.

A context is used only when it is named; the kubeconfig's current context plays no part. The
context `learnflow-NAME` is the embedded cluster NAME, if there is one.
"""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

from learnflow_infra.clients.kube import Kube
from learnflow_infra.clusters import reach
from learnflow_infra.clusters.embedded import inventory
from learnflow_infra.clusters.embedded.cluster_files import CONTEXT_PREFIX
from learnflow_infra.errors import ClusterUnreachableError, InputError
from learnflow_infra.locations import Target
from learnflow_infra.models import Profile
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.system import programs

EMBEDDED, UPSTREAM = Profile("embedded"), Profile("upstream")
DEFAULT_CLUSTER = "learnflow"


def choose(context: str | None, profile: str | None) -> Target:
    """Choose the target; nothing is started or changed.

    Args:
        context: from `--context` or LEARNFLOW_CONTEXT.
        profile: from `--profile`; None takes the target's default.

    Raises:
        InputError: the profile is unknown, or the context is of two clusters.
        ClusterUnreachableError: `context` does not exist.
    """
    if profile not in {None, EMBEDDED, UPSTREAM}:
        raise InputError(
            f"There is no profile {profile!r}.", why=f"Profiles: {EMBEDDED}, {UPSTREAM}"
        )
    named = Profile(profile) if profile else None
    if context:
        return _embedded(context, named) or _of_user(context, named)
    return _minikube(named) or from_cluster(inventory.status(DEFAULT_CLUSTER), named)


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


def require_running(target: Target) -> None:
    """Check that the target runs.

    Raises:
        ClusterUnreachableError: it is an embedded cluster that is stopped or absent.
    """
    if target.state != "running":
        raise ClusterUnreachableError(
            f"The embedded cluster {target.cluster} is {target.state}.",
            remedy=Remedy("Start it: ", Command("cluster", "up", "--name", str(target.cluster))),
        )


def _embedded(context: str, profile: Profile | None) -> Target | None:
    """The embedded cluster of a context; None if the context is the user's own.

    Raises:
        InputError: the user's kubeconfig has the context, too, for another server.
        ClusterUnreachableError: neither has it.
    """
    if not context.startswith(CONTEXT_PREFIX):
        return None
    name = context.removeprefix(CONTEXT_PREFIX)
    cluster, server = inventory.status(name), _server(None, context)
    if cluster.state == "absent":
        if server:
            return None
        raise ClusterUnreachableError(
            f"There is no embedded cluster {name!r}, and no context {context} in the kubeconfig.",
            remedy=Remedy("Make the cluster: ", Command("cluster", "up", "--name", name)),
        )
    if server and server != _server(cluster.kubeconfig, context):
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


def _server(kubeconfig: Path | None, context: str) -> str:
    """The address of a context's API server; "" if the kubeconfig does not have the context."""
    try:
        return Kube(kubeconfig=kubeconfig, context=context).server
    except ClusterUnreachableError:
        return ""


def _minikube(profile: Profile | None) -> Target | None:
    """The running minikube profile, if minikube is installed and one runs."""
    if not shutil.which("minikube"):
        return None
    listed = _run("minikube", "profile", "list", "--light", "--output", "json")
    for item in json.loads(listed or "{}").get("valid") or ():
        name = item["Name"]
        state = _run("minikube", "status", "--profile", name, "--output", "json")
        if state and json.loads(state).get("APIServer") == "Running":
            return _reached(
                Target(
                    kind="minikube",
                    context=name,
                    kubeconfig=None,
                    profile=profile or UPSTREAM,
                    node_address=_run("minikube", "ip", "--profile", name).strip() or None,
                    driver=(item.get("Config") or {}).get("Driver", ""),
                )
            )
    return None


def _reached(target: Target) -> Target:
    """The target with the address by which this host reaches its node ports."""
    access = reach.of(target)
    address = access.address or target.node_address
    return replace(target, node_address=address, tunnel=access.tunnel)


def _run(*command: str) -> str:
    result = programs.run(command, seconds=30)
    return result.text if result.code == 0 else ""
