"""Pure: the intervals of steps and objects, and the critical path of a deploy."""

from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra.outputs.contracts import DeployReport, ObjectReport, StepReport

CLOSE = 0.001
"""Seconds to which the report rounds: an end at that distance counts as earlier."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """A state from `start` to `end`, in seconds since the start of the deploy."""

    start: float
    end: float
    state: str

    @property
    def seconds(self) -> float:
        """The duration in seconds."""
        return self.end - self.start


def total(report: DeployReport) -> float:
    """Seconds of the whole deploy; never 0, so that shares of it can be computed."""
    times = [float(report.get("seconds") or 0), CLOSE]
    times += [float(step.get("end", step["start"])) for step in report["steps"]]
    for item in report.get("objects", ()):
        times += [float(item.get("gone", 0)), *(float(state["at"]) for state in item["states"])]
    return max(times)


def span(step: StepReport, until: float) -> Span:
    """The interval of a step; one without an end lasted until the end of the deploy."""
    start = float(step["start"])
    end = float(step.get("end", until))
    return Span(start=start, end=max(start, end), state=step.get("result", "cut off"))


def spans(item: ObjectReport, until: float) -> list[Span]:
    """The intervals of an object; equal states that follow each other are one interval."""
    end = float(item.get("gone", until))
    intervals: list[Span] = []
    ends = [*(state["at"] for state in item["states"][1:]), end]
    for state, after in zip(item["states"], ends, strict=True):
        start = float(state["at"])
        if intervals and intervals[-1].state == state["state"]:
            start = intervals.pop().start
        intervals.append(Span(start=start, end=max(start, after), state=state["state"]))
    return intervals


def critical_path(steps: Sequence[StepReport]) -> list[str]:
    """The critical path: the steps that determined the duration of the deploy, first to last.

    Walks back from the step that ended last. The step before another is the last to end of its
    `needs`, or of all that ended before it began if none of these did. Steps that were cut off
    are left out.
    """
    ended = {step["step"]: step for step in steps if "end" in step}
    path: list[str] = []
    last = _latest(list(ended.values()))
    while last:
        path.insert(0, last["step"])
        del ended[last["step"]]
        before = [step for step in ended.values() if step["end"] <= last["start"] + CLOSE]
        needed = [step for step in before if step["step"] in last.get("needs", ())]
        last = _latest(needed or before)
    return path


def waited_for(report: DeployReport, step: StepReport) -> str:
    """The object that a release waited for last: the last to become ready, or the cause.

    "" where no object of the step became ready, or is a cause.
    """
    objects = [item for item in report.get("objects", ()) if item["step"] == step["step"]]
    if step.get("result") != "done":
        names = {item["object"] for item in objects}
        return next((c["object"] for c in report.get("causes", ()) if c["object"] in names), "")
    last = [(item["states"][-1], item["object"]) for item in objects if len(item["states"]) > 1]
    ready = [(state["at"], name) for state, name in last if state["state"] == "Current"]
    return max(ready, default=(0, ""))[1]


def _latest(steps: Sequence[StepReport]) -> StepReport | None:
    """The step that ended last; of several, the one that started last."""
    return max(steps, key=lambda step: (step["end"], step["start"]), default=None)
