"""A desired release beside what is in the cluster, and what follows from that."""

from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra.clients.helm_output import Live, Rendered
from learnflow_infra.engine.release import changes, leftovers
from learnflow_infra.engine.release.changes import Change
from learnflow_infra.engine.release.drift import Finding
from learnflow_infra.engine.release.managers import Obstacle, helm_options
from learnflow_infra.engine.release.recreation import Fixed
from learnflow_infra.engine.release.state import (
    Action,
    Observed,
    ReleaseState,
    action_for,
    state_of,
)
from learnflow_infra.engine.request.prepare import Prepared
from learnflow_infra.errors import LearnflowError
from learnflow_infra.objects import Object


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The `desired` release beside the `observed` one.

    `diff` has the changes from the observed baseline to the desired manifest, `findings` the
    live objects that differ from the baseline. `refusal` is why helm would not install what
    it rendered, None if it would. `generated` are fields that helm makes at each rendering:
    no changes, but an upgrade replaces them. `fixed` are the changes that
    cannot be made to objects that exist; see `immutable`. `obstacles` are what hinders helm, see
    `obstacles`.
    """

    prepared: Prepared
    observed: Observed
    desired: Rendered
    diff: Sequence[Change] = ()
    findings: Sequence[Finding] = ()
    refusal: LearnflowError | None = None
    generated: Sequence[Change] = ()
    fixed: Sequence[Fixed] = ()
    obstacles: Sequence[Obstacle] = ()

    @property
    def asks_for_change(self) -> bool:
        """Whether values or manifest differ from what was deployed; else it is only restored."""
        base = self.observed.baseline
        return base is None or bool(self.diff) or self.desired.values != base.values

    @property
    def helm_options(self) -> list[str]:
        """The options with which helm gets over the obstacles."""
        live = self.observed.live
        return helm_options(self.desired.method or (live.method if live else ""), self.obstacles)

    @property
    def live(self) -> Live | None:
        """The release in helm's record."""
        return self.observed.live

    @property
    def unserved(self) -> list[Object]:
        """Objects of the baseline in versions that the cluster no longer serves."""
        return [finding.desired for finding in self.findings if not finding.path]

    @property
    def state(self) -> ReleaseState:
        """The state that follows from the comparison."""
        return state_of(self.observed, desired=self.desired, diff=self.diff, findings=self.findings)

    @property
    def action(self) -> Action:
        """What a deploy does with the release."""
        return action_for(self.state, self.observed, leftovers=self._leftovers)

    @property
    def _leftovers(self) -> bool:
        """Failed revisions left something that helm's upgrade would not remove."""
        attempts = [changes.by_key(item.manifest.objects) for item in self.observed.attempts]
        deployed = self.observed.deployed
        return leftovers.exist(
            attempts,
            changes.by_key(deployed.manifest.objects if deployed else ()),
            changes.by_key(self.desired.manifest.objects),
        )
