"""What every verb works on: options from the command line, and a connected cluster."""

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from learnflow_infra import paths
from learnflow_infra import skills as library
from learnflow_infra.clients.helm import Helm
from learnflow_infra.clients.kube import Kube
from learnflow_infra.clusters import target as targets
from learnflow_infra.engine.request import plan
from learnflow_infra.errors import RefusedError
from learnflow_infra.events import Emit
from learnflow_infra.models import Release, Skill, Target
from learnflow_infra.outputs import artifacts
from learnflow_infra.outputs import endpoints as outputs
from learnflow_infra.readiness.watches import Watches
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.sources import mirror
from learnflow_infra.sources.mirror import Mirror
from learnflow_infra.values import Flags, Overrides, read_overrides


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line asked for; `timeout` in seconds for each release."""

    skills: Sequence[str] = ()
    flags: Flags = field(default_factory=Flags)
    mirrors: Sequence[str] = ()
    profile: str | None = None
    context: str | None = None
    namespace: str = "learnflow"
    timeout: float | None = None
    verify: bool = True


@dataclass(frozen=True, kw_only=True)
class Request:
    """Options checked against the skills and the files, before any cluster is touched."""

    library: tuple[Skill, ...]
    skills: tuple[Skill, ...]
    releases: tuple[Release, ...]
    overrides: Overrides
    mirrors: tuple[Mirror, ...]
    target: Target


@dataclass(frozen=True, kw_only=True)
class Session:
    """A connected cluster; `stop` is set when the run is being interrupted.

    `watches` are shared by all waits of the run, and end with it.
    """

    target: Target
    namespace: str
    kube: Kube
    helm: Helm
    emit: Emit
    watches: Watches
    stop: threading.Event = field(default_factory=threading.Event)


def read(options: Options) -> Request:
    """Check everything that can be checked without a cluster.

    Raises:
        InputError: a skill, its order, the profile's name or a values file is wrong.
        ClusterUnreachableError: the context does not exist.
    """
    target = _recorded_profile(targets.choose(options.context, options.profile), options)
    everything = library.load_all(target.profile)
    chosen = library.find(options.skills, everything)
    names = [release.name for skill in everything for release in skill.releases]
    overrides = read_overrides(options.flags, names)
    mirrors = tuple(mirror.parse(text) for text in options.mirrors)
    if options.skills:  # of all skills, those that the profile has are meant
        plan.check_profile(chosen, target.profile)
    releases = plan.order(chosen, everything, target.profile)
    needed = {release.skill for release in releases}
    return Request(
        library=everything,
        skills=tuple(skill for skill in everything if skill.name in needed),
        releases=releases,
        overrides=overrides,
        mirrors=mirrors,
        target=target,
    )


def _recorded_profile(target: Target, options: Options) -> Target:
    """The target with the profile that this checkout deployed to it, unless one was asked for."""
    recorded = artifacts.endpoints(paths.phase_dir())
    here = (target.context, options.namespace)
    if options.profile or (recorded.get("context"), recorded.get("namespace")) != here:
        return target
    return replace(target, profile=recorded["profile"])


def connect(target: Target, namespace: str, emit: Emit) -> Session:
    """Connect to a target that runs.

    Raises:
        ClusterUnreachableError: it is stopped, or its context does not exist.
        RefusedError: the namespace was deployed with another profile, whose releases have
            the same names and other charts.
    """
    running = targets.require_running(target)
    if running.cluster and running.node_address:
        _past_proxies(running.node_address)
    kube = Kube(kubeconfig=running.kubeconfig, context=running.context)
    helm = Helm(kubeconfig=running.kubeconfig, context=running.context, namespace=namespace)
    _require_profile(kube, running, namespace)
    return Session(
        target=running,
        namespace=namespace,
        kube=kube,
        helm=helm,
        emit=emit,
        watches=Watches(kube),
    )


def _require_profile(kube: Kube, target: Target, namespace: str) -> None:
    found = kube.find(f"/api/v1/namespaces/{namespace}/configmaps/{outputs.CONFIG_MAP}")
    data = (found.get("data") if found else None) or {}
    recorded = json.loads(data.get(outputs.DOCUMENT, "{}"))
    before = recorded.get("profile", target.profile)
    if before != target.profile:
        raise RefusedError(
            f"The namespace {namespace} was deployed with the profile {before}.",
            why=f"Under the same names, {target.profile} has other charts and volumes.",
            remedy=Remedy(
                f"Add --profile {before}, or change it for good: ",
                Command("delete", "--profile", before),
            ),
        )


def _past_proxies(address: str) -> None:
    """Reach a node on this host directly: the client, helm, kubectl and verify.py inherit this."""
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in os.environ.get(name, "").split(",") if host]
        os.environ[name] = ",".join(dict.fromkeys([*hosts, address]))
