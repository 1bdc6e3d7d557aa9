"""Chooses the cluster of a deploy: a named context, a running minikube, or the embedded cluster.

A context is used only when it is named; the kubeconfig's current context plays no part.
"""

import json
import os
import shutil
from dataclasses import replace

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
        InputError: the profile is unknown.
        ClusterUnreachableError: `context` does not exist.
    """
    if profile not in {None, EMBEDDED, UPSTREAM}:
        raise InputError(
            f"There is no profile {profile!r}.", why=f"Profiles: {EMBEDDED}, {UPSTREAM}"
        )
    named = Profile(profile) if profile else None
    if context and context.startswith(CONTEXT_PREFIX):
        return _existing_cluster(context, named)
    if context:
        Kube(kubeconfig=None, context=context)  # raises if the context does not exist
        return _reached(
            Target(kind="context", context=context, kubeconfig=None, profile=named or UPSTREAM)
        )
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


def _existing_cluster(context: str, profile: Profile | None) -> Target:
    name = context.removeprefix(CONTEXT_PREFIX)
    cluster = inventory.status(name)
    if cluster.state == "absent":
        raise ClusterUnreachableError(
            f"There is no embedded cluster {name!r}.",
            remedy=Remedy("Make it: ", Command("cluster", "up", "--name", name)),
        )
    return from_cluster(cluster, profile)


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
