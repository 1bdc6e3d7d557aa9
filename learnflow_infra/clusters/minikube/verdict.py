"""Pure: whether a profile can be used now, from what minikube and its context answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from learnflow_infra.clusters import reach
from learnflow_infra.clusters.minikube.printed import Profile, State

Standing = Literal["usable", "broken", "off", "unknown"]
"""Usable now; runs, but not usable now; stopped, paused or gone; minikube cannot tell."""
_RUNNING = {"Running", "InsufficientStorage"}
_OFF = {"Stopped", "Saved", "Nonexistent", "NotFound", "None"}
_CHANGING = {"Starting", "Stopping"}
_GONE = re.compile(
    r"No such container|host does not exist|Cannot connect to the \w+ daemon"
    r"|executable file not found|Profile \S+ not found"
)
"""Reasons for `null` that leave no doubt that the profile does not run."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The verdict on a profile.

    `what` continues the profile's name as a sentence; `remedy` is a command. `nodes` run.
    `notes` are what else a user should know of it. `server` is its context's API server.
    """

    standing: Standing
    what: str
    remedy: str = ""
    nodes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    server: str = ""


@dataclass(frozen=True, kw_only=True)
class Status:
    """What minikube said of a profile.

    `states` are those of its nodes, None if unknown, and then `reason` says why. `changing` is
    Starting, Stopping and so on. `wanted` is the API server that its context should have.
    """

    states: Sequence[State] | None
    changing: str = ""
    reason: str = ""
    wanted: str = ""


@dataclass(frozen=True, kw_only=True)
class Context:
    """The context of a profile's name in the kubeconfig, as kubectl reads it.

    `server` is its API server's URL, "" without a context. `damage` is why the kubeconfig cannot
    be read. `nodes` are the cluster's nodes that are ready; None if nothing answered, or it was not
    asked.
    """

    server: str = ""
    damage: str = ""
    nodes: frozenset[str] | None = None


def of_status(profile: Profile, status: Status, context: Context) -> Verdict:
    """The verdict by what minikube said; see `asks_context`."""
    if status.states is None:
        return _silent(profile, status.reason)
    planes = [state for state in status.states if not state.worker]
    running = tuple(state.name for state in status.states if state.host in _RUNNING)
    best = min(planes, key=_rank, default=None)
    if best is None:
        return _silent(profile, "no control plane is listed")
    found = _of_control_plane(profile, best, status.changing)
    if found.standing == "usable":
        found = _of_kubeconfig(profile, best, status.wanted, context)
    return replace(found, nodes=running, notes=_notes(found, status.states))


def asks_context(profile: Profile, found: Verdict, context: Context) -> bool:
    """Whether the context has to answer itself: minikube cannot tell, or compares no context."""
    elsewhere = found.standing == "usable" and not is_own(profile, context.server)
    return bool(context.server) and (found.standing == "unknown" or elsewhere)


def of_context(profile: Profile, found: Verdict, context: Context) -> Verdict:
    """The verdict by the answer of the context itself, where its address is not the profile's.

    It is asked where minikube cannot tell, too. A port of this host may belong to another profile
    by now, and a context be one of another cluster, whose API servers may take the same
    certificates. So the nodes must have the profile's names.
    """
    listens = is_own(profile, context.server)
    if found.standing == "usable":
        stranger = context.nodes and not listens and not _has_own(profile, context)
        return _elsewhere(profile, context.server) if stranger else found
    if context.nodes is None or not (listens or reach.is_forwarded(context.server)):
        return found
    if not listens and not _has_own(profile, context):
        return _elsewhere(profile, context.server)
    nodes = tuple(node.name for node in profile.nodes if node.name in context.nodes)
    note = f"its API server answers, though it {found.what}"
    return Verdict(standing="usable", what="runs", nodes=nodes, notes=(note,))


def _has_own(profile: Profile, context: Context) -> bool:
    """Whether nodes are the profile's; those of the driver none have the machine's name."""
    own = {node.name for node in profile.nodes}
    return profile.driver == "none" or bool(own & (context.nodes or set()))


def is_own(profile: Profile, server: str) -> bool:
    """Whether an API server is the profile's, by its address."""
    return _address(server) in profile.addresses


def _rank(state: State) -> tuple[bool, ...]:
    """Control planes that work first."""
    works = [state.host in _RUNNING, state.apiserver == "Running", state.kubelet == "Running"]
    return tuple(not word for word in (all(works), *works))


def _silent(profile: Profile, reason: str) -> Verdict:
    if _GONE.search(reason):
        remedy = f"minikube start -p {profile.name}"
        return Verdict(standing="off", what=f"does not run: {reason}", remedy=remedy)
    what = f"is in a state that minikube cannot tell: {reason}"
    remedy = f"minikube status -p {profile.name}"
    return Verdict(standing="unknown", what=what, remedy=remedy)


def _of_control_plane(profile: Profile, state: State, changing: str) -> Verdict:
    """The verdict by the words of one control plane, of the one that works best."""
    name = profile.name
    if changing or state.host in _CHANGING:
        what = f"is {(changing or state.host).lower()}"
        return Verdict(standing="broken", what=what, remedy=f"minikube status -p {name}")
    if "Paused" in {state.host, state.apiserver}:
        command = f"{profile.driver} unpause {state.name}"
        remedy = command if state.host == "Paused" else f"minikube unpause -p {name}"
        return Verdict(standing="off", what="is paused", remedy=remedy)
    if state.host in _OFF:
        word = "is stopped" if state.host == "Stopped" else f"does not run ({state.host})"
        return Verdict(standing="off", what=word, remedy=f"minikube start -p {name}")
    if state.host not in _RUNNING:
        return _silent(profile, f"its host is {state.host}")
    return _of_components(profile, state)


def _of_components(profile: Profile, state: State) -> Verdict:
    for component, word in (("API server", state.apiserver), ("kubelet", state.kubelet)):
        if word != "Running":
            what = f"runs without its {component} ({word or 'unknown'})"
            return Verdict(standing="broken", what=what, remedy=f"minikube start -p {profile.name}")
    return Verdict(standing="usable", what="runs")


def _of_kubeconfig(profile: Profile, state: State, wanted: str, context: Context) -> Verdict:
    """The verdict by the kubeconfig: minikube's, and kubectl's reading of it.

    minikube reads the first file of $KUBECONFIG alone; kubectl may find the context in others. And
    minikube looks at the cluster of the profile's name, not at the context.
    """
    if not context.server:
        absent = "the kubeconfig has no context of it"
        damaged = f"the kubeconfig cannot be read: {context.damage}"
        what = f"runs, but {damaged if context.damage else absent}"
        remedy = "kubectl config view" if context.damage else _update(profile)
        return Verdict(standing="broken", what=what, remedy=remedy)
    known = is_own(profile, context.server) or _address(context.server) == wanted
    if state.kubeconfig == "Misconfigured" and not known:
        return _elsewhere(profile, context.server)
    return Verdict(standing="usable", what="runs")


def _elsewhere(profile: Profile, server: str) -> Verdict:
    what = f"runs, but its context leads elsewhere, to {server}"
    return Verdict(standing="broken", what=what, remedy=_update(profile))


def _update(profile: Profile) -> str:
    return f"minikube update-context -p {profile.name}"


def _address(server: str) -> str:
    return server.removeprefix("https://").rstrip("/")


def _notes(found: Verdict, states: Sequence[State]) -> tuple[str, ...]:
    if found.standing != "usable":
        return ()
    down = [s for s in states if s.host not in _RUNNING]
    full = [s.name for s in states if s.host == "InsufficientStorage"]
    return (
        *(f"the node {state.name} does not run ({state.host})" for state in down),
        *(f"the disk of the node {name} is almost full" for name in full),
    )
