"""Pure: what state a release is in, and what a deploy does about it.

Modelled on fluxcd/helm-controller: `DetermineReleaseState` of internal/reconcile/state.go and
`actionForState` of internal/reconcile/atomic_release.go. Verbs ask these functions only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from learnflow_infra.clients.helm_output import Live, Rendered
from learnflow_infra.clients.helm_storage import Stored
from learnflow_infra.engine.release.changes import Change
from learnflow_infra.engine.release.drift import Finding
from learnflow_infra.engine.request.marks import CHART


class ReleaseState(StrEnum):
    """The state of a release, compared with the desired one."""

    ABSENT = "absent"
    """Helm has no release of that name, or one that was uninstalled."""
    FOREIGN = "foreign"
    """Somebody else made it: its objects are not touched."""
    HELD_BY_ANOTHER = "held by another"
    """A helm operation, begun elsewhere, may still be under way."""
    CUT_OFF = "cut off"
    """A helm operation was interrupted; helm refuses to work on the release."""
    FAILED = "failed"
    """The newest revision is not deployed."""
    OUT_OF_SYNC = "out of sync"
    """Values or manifest differ, or objects that only helm recreates are gone or failed."""
    DRIFTED = "drifted"
    """Fields of live objects differ from the release's manifest."""
    IN_SYNC = "in sync"
    """Nothing that was observed differs."""


class Action(StrEnum):
    """What a deploy does with a release."""

    INSTALL = "install"
    UPGRADE = "upgrade"
    MEND = "mend"
    ROLL_BACK = "roll back"
    UNINSTALL = "uninstall"
    REFUSE = "refuse"
    ADOPT = "adopt"
    NONE = "none"

    @property
    def revises(self) -> bool:
        """A deploy that is not refused makes a new revision; else it mends live objects at most."""
        return self not in {Action.NONE, Action.MEND}


@dataclass(frozen=True, kw_only=True)
class Observed:
    """A release as it was observed.

    `live` is the newest revision, `deployed` the one that helm calls so, or else the last good
    one, None where there is none. `attempts` are the revisions after it that failed, `applied`
    the newest of them that helm sent as a whole, 0 if none. `held_for` are the seconds for which
    an operation begun elsewhere may still go on; set only for an unfinished operation. `stored`
    is the newest revision as helm stores it, `ours` whether this program made it.
    """

    live: Live | None = None
    deployed: Live | None = None
    attempts: Sequence[Live] = ()
    applied: int = 0
    held_for: float = 0.0
    stored: Stored = field(default_factory=Stored)
    ours: bool = True

    @property
    def marked(self) -> bool:
        """The newest revision has the label of this program; earlier versions set none."""
        return CHART in self.stored.labels

    @property
    def unfinished(self) -> bool:
        """Helm's record says that an operation is under way."""
        return self.live is not None and self.live.status.startswith(("pending", "uninstalling"))

    @property
    def uninstalled(self) -> bool:
        """The release was uninstalled, and helm has kept its history."""
        return self.live is not None and self.live.status == "uninstalled"

    @property
    def known(self) -> Live | None:
        """The revision whose objects made this program's volume claims; None if it has none."""
        return (self.deployed or self.live) if self.ours else None

    @property
    def baseline(self) -> Live | None:
        """The revision whose objects a deploy finds, and from which helm upgrades.

        That is the last one that was deployed: the manifest of a failed revision was refused,
        or applied in part. Where none was deployed, helm starts from the newest one. None
        where the next operation is an install.

        Source: `prepareUpgrade` in helm's pkg/action.
        """
        if self.live is None or self.live.status.startswith("uninstall"):
            return None
        if self.deployed is not None:
            return self.deployed
        return None if self.unfinished else self.live


def state_of(
    observed: Observed,
    *,
    desired: Rendered | None = None,
    diff: Sequence[Change] = (),
    findings: Sequence[Finding] = (),
) -> ReleaseState:
    """The state of a release.

    Args:
        observed: the release in helm's record.
        desired: the rendered release; None where it was not rendered.
        diff: changes from the live manifest to the desired one.
        findings: live objects that differ from the live manifest.
    """
    live = observed.live
    if live is None or observed.uninstalled:
        return ReleaseState.ABSENT
    if observed.held_for > 0:
        return ReleaseState.HELD_BY_ANOTHER
    if not observed.ours:
        return ReleaseState.FOREIGN
    if observed.unfinished:
        return ReleaseState.CUT_OFF
    if live.status != "deployed":
        return ReleaseState.FAILED
    return _difference(live, desired, diff, findings)


def _difference(
    live: Live, desired: Rendered | None, diff: Sequence[Change], findings: Sequence[Finding]
) -> ReleaseState:
    """The state of a deployed release."""
    found = {finding.state for finding in findings}
    values_differ = desired is not None and desired.values != live.values
    if values_differ or diff or found & {"gone", "deleted", "failed"}:
        return ReleaseState.OUT_OF_SYNC
    return ReleaseState.DRIFTED if "drifted" in found else ReleaseState.IN_SYNC


def action_for(state: ReleaseState, observed: Observed, *, leftovers: bool = False) -> Action:
    """What a deploy does with a release in that state.

    A release that was cut off is first rolled back to its last deployed revision, or
    uninstalled if it has none or its uninstallation was cut off; then it is observed again.
    A failed one is first rolled back where helm's next upgrade would leave something of it.

    Args:
        state: of the release.
        observed: the release in helm's record.
        leftovers: failed revisions left what neither the last deployed revision nor the desired
            one has.
    """
    restorable = observed.deployed is not None
    if state is ReleaseState.CUT_OFF:
        uninstalling = observed.live is not None and observed.live.status == "uninstalling"
        return Action.ROLL_BACK if restorable and not uninstalling else Action.UNINSTALL
    if state is ReleaseState.FAILED and leftovers and restorable:
        return Action.ROLL_BACK
    return _ACTIONS[state]


_ACTIONS = {
    ReleaseState.ABSENT: Action.INSTALL,
    ReleaseState.FOREIGN: Action.ADOPT,
    ReleaseState.HELD_BY_ANOTHER: Action.REFUSE,
    ReleaseState.FAILED: Action.UPGRADE,
    ReleaseState.OUT_OF_SYNC: Action.UPGRADE,
    ReleaseState.DRIFTED: Action.MEND,
    ReleaseState.IN_SYNC: Action.NONE,
}
