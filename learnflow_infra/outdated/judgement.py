"""Pure: what is to be done about a component on a day, by its support and the newest versions."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from learnflow_infra.versions import Component, Line, line, numbers

NOTICE = timedelta(days=60)
"""How long before an end something has to be done."""


class Verdict(StrEnum):
    """The state of a component's version; the value is what a table shows."""

    current = "current"
    newer = "newer exists"
    behind = "behind"
    ending = "support ends"
    ended = "support ended"
    unknown = "line unknown"
    exempt = "exempt"


DUE = frozenset({Verdict.behind, Verdict.ending, Verdict.ended, Verdict.unknown})
"""The verdicts after which somebody has to do something."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A component's verdict, with the reason in words."""

    component: Component
    verdict: Verdict
    reason: str

    @property
    def due(self) -> bool:
        """Whether something has to be done."""
        return self.verdict in DUE


def judge(component: Component, known: Iterable[str], day: date) -> Judgement:
    """The verdict on a component.

    Args:
        component: of versions.yaml.
        known: versions in its registry; empty if it was not asked.
        day: on which to judge.
    """
    newest = _newest(component, known)
    verdict, reason = _support(component, newest, day) or _patches(component, newest)
    exemption = component.exemption
    if verdict in DUE and exemption and day <= exemption.until:
        return Judgement(
            component=component,
            verdict=Verdict.exempt,
            reason=f"until {exemption.until}: {exemption.reason} ({reason})",
        )
    return Judgement(component=component, verdict=verdict, reason=reason)


def is_release(version: str) -> bool:
    """Whether a version is no alpha, beta, candidate or snapshot."""
    return not re.search(r"(?i)(alpha|beta|rc|dev|snapshot|[-.]m\d|\d[ab]\d)", version)


def _newest(component: Component, known: Iterable[str]) -> list[str]:
    """The release in use, the recorded newest one and those of the registry, in order."""
    texts = {component.version, component.newest, *(text.removeprefix("v") for text in known)}
    return sorted(filter(is_release, texts - {""}), key=numbers)


def _support(component: Component, releases: list[str], day: date) -> tuple[Verdict, str] | None:
    support, version = component.support, component.version
    if support.ends:
        own = _own_line(support.ends, version)
        if own is None:
            return Verdict.unknown, f"see {support.source} for the end of {version}"
        return _by_date(own, support.ends[own], day)
    if support.lines and _lines_above(component, releases) >= support.lines:
        newest = line(releases[-1], support.depth)
        return Verdict.ended, f"only the newest lines get fixes: {support.lines}, up to {newest}"
    return None


def _lines_above(component: Component, releases: list[str]) -> int:
    """How many lines are newer; those of one major version are also counted by their number."""
    depth = component.support.depth
    own = numbers(line(component.version, depth))
    above = {numbers(line(text, depth)) for text in releases if numbers(text)[:depth] > own}
    steps = [newer[-1] - own[-1] for newer in above if newer[:-1] == own[:-1]]
    return max([len(above), *steps])


def _own_line(ends: Iterable[Line], version: str) -> Line | None:
    own = [key for key in ends if f"{version}.".startswith(f"{key}.")]
    return max(own, key=len, default=None)


def _by_date(own: Line, end: date, day: date) -> tuple[Verdict, str] | None:
    if day > end:
        return Verdict.ended, f"{own} was supported until {end}"
    if day + NOTICE >= end:
        return Verdict.ending, f"{own} is supported until {end}, {(end - day).days} days more"
    return None


def _patches(component: Component, releases: list[str]) -> tuple[Verdict, str]:
    """Behind: there is a later release of the same minor version, which has only fixes."""
    own = numbers(component.version)
    later = [text for text in releases if numbers(text) > own]
    fixes = [text for text in later if numbers(text)[:2] == own[:2] and len(own) > len(own[:2])]
    if fixes:
        return Verdict.behind, f"{fixes[-1]} has fixes"
    if later and not _is_line(component.version, later[-1]):
        return Verdict.newer, later[-1]
    return Verdict.current, ""


def _is_line(version: str, release: str) -> bool:
    """Whether a version is a line, such as 17, of which the newest release is taken anyway."""
    return f"{release}.".startswith(f"{version}.")
