import asyncio
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from learnflow_infra.clients.helm import Live
from learnflow_infra.engine.release import converge
from learnflow_infra.errors import ReleaseFailedError
from learnflow_infra.events import ignore
from learnflow_infra.models import ChartSource, Profile, Release, ReleaseName, SkillName


def release(name, *needs):
    return Release(
        name=ReleaseName(name),
        skill=SkillName("s"),
        needs=tuple(map(ReleaseName, needs)),
        profiles={Profile("embedded"): ChartSource(chart="c")},
    )


@dataclass
class FakeSession:
    """Stands for the cluster: the order of releases is what is tested here."""

    stop: threading.Event = field(default_factory=threading.Event)


def converging(monkeypatch, behaviour):
    monkeypatch.setattr(converge, "converge", behaviour)

    def run(*wanted):
        compared = [SimpleNamespace(prepared=SimpleNamespace(release=item)) for item in wanted]
        return asyncio.run(converge.converge_all(FakeSession(), compared, None))

    return run


def test_independent_releases_run_at_the_same_time_and_needs_first(monkeypatch):
    log = []

    async def converge(_session, comparison, _limit, _needs):
        item = comparison.prepared.release
        log.append(f"+{item.name}")
        await asyncio.sleep(0.01)
        log.append(f"-{item.name}")

    converging(monkeypatch, converge)(release("a"), release("b"), release("c", "a"))
    assert log[:2] == ["+a", "+b"]
    assert log.index("+c") > log.index("-a")


def test_a_failure_lets_the_others_end_and_skips_what_needs_it(monkeypatch):
    log = []

    async def converge(_session, comparison, _limit, _needs):
        item = comparison.prepared.release
        if item.name == "a":
            raise ReleaseFailedError("a is broken")
        await asyncio.sleep(0.01)
        log.append(item.name)

    run = converging(monkeypatch, converge)
    with pytest.raises(ReleaseFailedError, match="a is broken"):
        run(release("a"), release("b"), release("c", "a"))
    assert log == ["b"]


def test_a_need_that_is_not_of_this_run_is_not_waited_for(monkeypatch):
    log = []

    async def converge(_session, comparison, _limit, _needs):
        log.append(comparison.prepared.release.name)

    converging(monkeypatch, converge)(release("c", "operator"))
    assert log == ["c"]


class FakeHelm:
    """Stands for helm with a release that a cut-off run left behind."""

    def __init__(self, good):
        self.good, self.calls = good, []

    async def deployed_revisions(self, _name):
        return self.good

    async def rollback(self, _name, revision):
        self.calls.append(f"rollback {revision}")


@pytest.mark.parametrize(
    ("status", "good", "calls"),
    [
        ("pending-upgrade", [3, 2], ["rollback 3"]),
        ("pending-install", [], ["uninstall"]),
        ("pending-rollback", [2], ["rollback 2"]),
        ("uninstalling", [2], ["uninstall"]),
    ],
)
def test_a_helm_operation_that_was_cut_off_is_undone(status, good, calls, monkeypatch):
    async def uninstall(session, _release, _live):
        session.helm.calls.append("uninstall")

    monkeypatch.setattr(converge, "uninstall", uninstall)
    session = FakeSession()
    session.helm, session.emit, session.namespace = FakeHelm(good), ignore, "n"
    session.target = SimpleNamespace(context="c")
    live = Live(revision=2, status=status, manifest="", values={})
    assert live.cut_off
    comparison = SimpleNamespace(prepared=SimpleNamespace(release=release("a")), live=live)
    asyncio.run(converge.recover(session, comparison))
    assert session.helm.calls == calls
