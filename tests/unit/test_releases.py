import asyncio
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from learnflow_infra.clients.helm import Live
from learnflow_infra.engine import releases
from learnflow_infra.errors import ReleaseFailedError
from learnflow_infra.models import ChartSource, Profile, Release, ReleaseName, SkillName

LIVE = Live(revision=1, status="deployed", manifest="m", values={"a": 1}, hooks=("h",))


def release(name, *needs):
    return Release(
        name=ReleaseName(name),
        skill=SkillName("s"),
        needs=tuple(map(ReleaseName, needs)),
        profiles={Profile("embedded"): ChartSource(chart="c")},
    )


@pytest.mark.parametrize(
    ("live", "same"),
    [
        (LIVE, True),
        (Live(revision=9, status="deployed", manifest="m", values={"a": 1}, hooks=("h",)), True),
        (Live(revision=1, status="failed", manifest="m", values={"a": 1}, hooks=("h",)), False),
        (Live(revision=1, status="deployed", manifest="n", values={"a": 1}, hooks=("h",)), False),
        (Live(revision=1, status="deployed", manifest="m", values={"a": 2}, hooks=("h",)), False),
        (Live(revision=1, status="deployed", manifest="m", values={"a": 1}, hooks=()), False),
    ],
)
def test_what_makes_a_release_differ(live, same):
    assert releases.same(live, LIVE) is same


def test_the_workloads_of_a_manifest():
    manifest = (
        "---\n# empty\n---\nkind: StatefulSet\nmetadata: {name: db}\n"
        "---\nkind: Service\nmetadata: {name: db}\n"
    )
    assert releases.workloads(manifest) == ["StatefulSet/db"]


@dataclass
class FakeSession:
    """Stands for the cluster: the order of releases is what is tested here."""

    stop: threading.Event = field(default_factory=threading.Event)


def converging(monkeypatch, behaviour):
    monkeypatch.setattr(releases, "converge", behaviour)

    def run(*wanted):
        values = {item.name: {} for item in wanted}
        return asyncio.run(releases.converge_all(FakeSession(), wanted, values, None))

    return run


def test_independent_releases_run_at_the_same_time_and_needs_first(monkeypatch):
    log = []

    async def converge(_session, item, _values, _limit):
        log.append(f"+{item.name}")
        await asyncio.sleep(0.01)
        log.append(f"-{item.name}")

    converging(monkeypatch, converge)(release("a"), release("b"), release("c", "a"))
    assert log[:2] == ["+a", "+b"]
    assert log.index("+c") > log.index("-a")


def test_a_failure_lets_the_others_end_and_skips_what_needs_it(monkeypatch):
    log = []

    async def converge(_session, item, _values, _limit):
        if item.name == "a":
            raise ReleaseFailedError("a is broken")
        await asyncio.sleep(0.01)
        log.append(item.name)

    run = converging(monkeypatch, converge)
    with pytest.raises(ReleaseFailedError, match="a is broken"):
        run(release("a"), release("b"), release("c", "a"))
    assert log == ["b"]


class FakeHelm:
    """Stands for helm with a release that a cut-off run left behind."""

    def __init__(self, status, good):
        self.status, self.good, self.calls = status, good, []

    async def live(self, _name):
        return self.status and Live(revision=2, status=self.status, manifest="", values={})

    async def render(self, _name, _chart, _values):
        if self.status.startswith("pending"):
            raise ReleaseFailedError("another operation is in progress")
        return LIVE

    async def deployed_revisions(self, _name):
        return self.good

    async def rollback(self, _name, revision):
        self.calls.append(f"rollback {revision}")
        self.status = "deployed"

    async def uninstall(self, _name):
        self.calls.append("uninstall")
        self.status = ""


@pytest.mark.parametrize(
    ("status", "good", "calls"),
    [
        ("deployed", [1], []),
        ("failed", [1], []),
        ("pending-upgrade", [3, 2], ["rollback 3"]),
        ("pending-install", [], ["uninstall"]),
        ("pending-rollback", [2], ["rollback 2"]),
        ("uninstalling", [2], ["uninstall"]),
    ],
)
def test_a_helm_operation_that_was_cut_off_is_undone(status, good, calls):
    session = FakeSession()
    session.helm, session.namespace = FakeHelm(status, good), "n"
    session.target = SimpleNamespace(context="c")
    _, wanted = asyncio.run(releases._compare(session, release("a"), "c", {}))
    assert session.helm.calls == calls
    assert wanted == LIVE
