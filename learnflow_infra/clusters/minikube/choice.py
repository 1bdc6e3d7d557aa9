"""Pure: which profile is used: MINIKUBE_PROFILE's, the active one, or the only one that runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra.clusters import reach
from learnflow_infra.clusters.minikube.printed import Profile
from learnflow_infra.clusters.minikube.verdict import Verdict, is_own
from learnflow_infra.errors import ClusterUnreachableError, InputError, LearnflowError
from learnflow_infra.remedy import Command, Remedy

VARIABLE = "MINIKUBE_PROFILE"
EMBEDDED = Remedy(
    ". Or take the embedded cluster: ",
    Command("cluster", "up"),
    ", and then --context learnflow-learnflow with each command.",
)
_RUNNING = {"usable", "broken"}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The chosen profile; None if minikube has none for this run.

    `why` is the rule that chose it. `passed` are sentences about the other profiles. `fault`
    is why it cannot be used now.
    """

    profile: Profile | None = None
    verdict: Verdict | None = None
    why: str = ""
    passed: tuple[str, ...] = ()
    fault: LearnflowError | None = None

    @property
    def line(self) -> str:
        """One line: the cluster, why, and what was passed over; "" if there is nothing to say."""
        if self.profile:
            notes = self.verdict.notes if self.verdict else ()
            chosen = f"Using minikube's profile {self.profile.name}: {self.why}"
            passed = [f"passed over: {', '.join(self.passed)}"] if self.passed else []
            return "; ".join([chosen, *notes, *passed]) + "."
        return f"Using the embedded cluster: {'; '.join(self.passed)}." if self.passed else ""


def leader(profiles: Sequence[Profile], named: str) -> tuple[str, str]:
    """The profile to look at first and why, by $MINIKUBE_PROFILE or else the active one."""
    if named:
        return named, f"{VARIABLE} names it"
    active = [profile.name for profile in profiles if profile.active]
    return active[0] if len(active) == 1 else "", "it is minikube's active profile"


def decides(verdict: Verdict, named: str) -> bool:
    """Whether the first profile is the choice: it runs or may run, or was named.

    An active one that does not run is no choice: minikube calls the profile `minikube` active
    if the user made none active.
    """
    return bool(named) or verdict.standing != "off"


def of_leader(
    profile: Profile, verdict: Verdict, why: str, known: Sequence[Profile] = ()
) -> Choice:
    """The choice of the first profile; the others of `known` were not asked."""
    others = [f"minikube's profile {one.name}" for one in known if one.name != profile.name]
    return Choice(
        profile=profile,
        verdict=verdict,
        why=why,
        passed=tuple(others),
        fault=fault(profile, verdict, why),
    )


def of_context(profile: Profile, verdict: Verdict) -> Choice:
    """The choice of a context that was named; empty if only its name is that of the profile.

    A profile that does not run says nothing of the context, which is then judged by its server.
    """
    own = is_own(profile, verdict.server) or reach.is_forwarded(verdict.server)
    if verdict.server and not own and verdict.standing in {"off", "unknown"}:
        return Choice()
    return of_leader(profile, verdict, "--context names it")


def of_running(verdicts: Mapping[str, Verdict], known: Sequence[Profile]) -> Choice:
    """The only profile that runs; of several, none is guessed.

    Raises:
        InputError: several run.
    """
    running = [name for name, verdict in verdicts.items() if verdict.standing in _RUNNING]
    if len(running) > 1:
        raise InputError(
            f"Several profiles of minikube run: {', '.join(running)}.",
            why=f"Neither minikube's active profile nor {VARIABLE} chooses one.",
            remedy=f"Choose one: minikube profile {running[0]}, or --context {running[0]}",
        )
    passed = tuple(_sentence(n, v) for n, v in verdicts.items() if n not in running)
    if not running:
        return Choice(passed=passed)
    profile = next(profile for profile in known if profile.name == running[0])
    verdict, why = verdicts[profile.name], "it is the only one that runs"
    return Choice(
        profile=profile,
        verdict=verdict,
        why=why,
        passed=passed,
        fault=fault(profile, verdict, why),
    )


def invalid(name: str) -> Verdict:
    """The verdict on a profile that minikube cannot read."""
    return Verdict(
        standing="off", what="cannot be read by minikube", remedy=f"minikube delete -p {name}"
    )


def fault(profile: Profile, verdict: Verdict, why: str) -> LearnflowError | None:
    """Why a profile cannot be used; None if it can."""
    if verdict.standing == "usable":
        return None
    return ClusterUnreachableError(
        f"minikube's profile {profile.name} {verdict.what}.",
        why=f"It is the cluster of this run: {why}.",
        remedy=Remedy(verdict.remedy, EMBEDDED),
    )


def _sentence(name: str, verdict: Verdict) -> str:
    return f"minikube's profile {name} {verdict.what} ({verdict.remedy})"
