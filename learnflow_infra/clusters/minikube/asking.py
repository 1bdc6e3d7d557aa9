"""Asks minikube, with time limits of its own: it waits for a silent node without end."""

import functools
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.api_errors import ApiError
from learnflow_infra.clients.kube import Kube
from learnflow_infra.clusters import contexts
from learnflow_infra.clusters.minikube import choice, printed, verdict
from learnflow_infra.clusters.minikube.choice import Choice
from learnflow_infra.clusters.minikube.printed import Profile, State
from learnflow_infra.clusters.minikube.verdict import Context, Status, Verdict
from learnflow_infra.conditions import holds
from learnflow_infra.errors import LearnflowError
from learnflow_infra.fields import items, text
from learnflow_infra.system import programs
from learnflow_infra.system.processes import ProgramError, ended_on_error

T = TypeVar("T")
SECONDS = 18.0
"""Time limit of a call. A status takes 16 s if the API server is mute, 19 s if docker is."""
INVALID_SECONDS = 5.0
"""Time limit of the list that names invalid profiles; it waits for nodes, too."""
CONTEXT_SECONDS = 5.0
"""Time limit of a context's answer."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a call of minikube printed; `failure` if it could not be started, or did not end."""

    out: str = ""
    err: str = ""
    failure: str = ""

    @property
    def reason(self) -> str:
        """Why it has neither a state nor a list."""
        return self.failure or printed.reason(self.out, self.err)


def choose() -> Choice:
    """The profile that is used where no context is named; it is looked for once in a run.

    Raises:
        InputError: several profiles run, and none is active or named.
    """
    program = shutil.which("minikube")
    return _choose(program, os.environ.get(choice.VARIABLE, "")) if program else Choice()


def named(context: str) -> Choice:
    """The profile of a context that was named; an empty choice if it is no profile's."""
    program = shutil.which("minikube")
    return _named(program, context) if program else Choice()


@functools.cache
def _choose(_program: str, name: str) -> Choice:
    listing = _run("profile", "list", "-o", "json", "--light")
    known = printed.profiles(listing.out)
    if known is None and not name:
        return Choice(passed=(f"minikube does not list its profiles ({listing.reason})",))
    first, why = choice.leader(known or (), name)
    if not first:
        return choice.of_running(_others(known or (), first), known or ())
    profile = _profile(known or (), first)
    found = _verdict(profile)
    if choice.decides(found, name):
        return choice.of_leader(profile, found, why, known or ())
    return choice.of_running({first: found} | _others(known or (), first), known or ())


@functools.cache
def _named(_program: str, context: str) -> Choice:
    listing = _run("profile", "list", "-o", "json", "--light")
    known = printed.profiles(listing.out) or []
    profile = next((profile for profile in known if profile.name == context), None)
    return choice.of_context(profile, _verdict(profile)) if profile else Choice()


def _profile(known: Sequence[Profile], name: str) -> Profile:
    """The profile of a name; without nodes if minikube does not list it."""
    absent = Profile(name=name, active=False, driver="", nodes=())
    return next((profile for profile in known if profile.name == name), absent)


def _others(known: Sequence[Profile], first: str) -> dict[str, Verdict]:
    """The verdicts on the profiles but the first one, and on those that cannot be read."""

    def verdicts(profile: Profile) -> dict[str, Verdict]:
        return {profile.name: _verdict(profile)}

    rest = [functools.partial(verdicts, one) for one in known if one.name != first]
    return {name: one for found in _together(*rest, _invalid) for name, one in found.items()}


def _invalid() -> dict[str, Verdict]:
    """The verdicts on the profiles that cannot be read; only the slow list names them."""
    listing = _run("profile", "list", "-o", "json", seconds=INVALID_SECONDS)
    return {name: choice.invalid(name) for name in printed.invalid(listing.out)}


def _verdict(profile: Profile) -> Verdict:
    """The verdict on a profile; its context is asked where minikube's word does not suffice."""
    name, server = profile.name, contexts.server(profile.name)
    context = Context(server=server, damage="" if server else contexts.damage(name))
    found = verdict.of_status(profile, _status(profile), context)
    if verdict.asks_context(profile, found, context):
        context = replace(context, nodes=_ready_nodes(name))
        found = verdict.of_context(profile, found, context)
    return replace(found, server=context.server)


def _status(profile: Profile) -> Status:
    """What minikube says of a profile: of all nodes at once, else of each node by itself."""
    of_nodes, of_cluster = _together(
        functools.partial(_run, "status", "-o", "json", "-p", profile.name),
        functools.partial(_run, "status", "-o", "json", "-l", "cluster", "-p", profile.name),
    )
    states = printed.states(of_nodes.out)
    if states is None and len(profile.nodes) > 1 and not of_nodes.failure:
        states = _states_by_node(profile)
    return Status(
        states=states,
        changing=printed.transient(of_cluster.out),
        reason=of_nodes.reason,
        wanted=printed.wanted_server(of_nodes.err),
    )


def _states_by_node(profile: Profile) -> list[State] | None:
    """The states of the nodes that can be asked; None if no control plane can."""
    calls = (
        functools.partial(_run, "status", "-o", "json", "-n", node, "-p", profile.name)
        for node in (_short(profile, node.name) for node in profile.nodes)
    )
    found = [state for answer in _together(*calls) for state in printed.states(answer.out) or ()]
    return found if any(not state.worker for state in found) else None


def _short(profile: Profile, node: str) -> str:
    """A node's name in the profile's record, such as m02; the first one has the profile's."""
    return node.removeprefix(f"{profile.name}-")


def _run(*arguments: str, seconds: float | None = None) -> Answer:
    try:
        result = programs.run(["minikube", *arguments], seconds=seconds or SECONDS)
    except ProgramError as error:
        return Answer(failure=error.what.rstrip("."))
    return Answer(out=result.text, err=result.err.decode("utf-8", "replace"))


def _together(*calls: Callable[[], T]) -> list[T]:
    """The results of calls that are made at the same time."""
    with ThreadPoolExecutor(len(calls)) as pool, ended_on_error():
        return [future.result() for future in [pool.submit(call) for call in calls]]


def _ready_nodes(context: str) -> frozenset[str] | None:
    """The names of a cluster's nodes that are ready; None if its API server does not answer.

    None are ready where the server answers, but does not show its nodes.
    """
    try:
        found = Kube(kubeconfig=None, context=context).request(
            "GET", api_paths.NODES, patience=0, silence=CONTEXT_SECONDS
        )
    except (ApiError, ValueError):  # ValueError: its answer is no JSON
        return frozenset()
    except LearnflowError:
        return None
    ready = (node for node in items(found, "items") if holds(node, "Ready"))
    return frozenset(text(node, "metadata", "name") for node in ready)
