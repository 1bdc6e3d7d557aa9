import asyncio

from learnflow_infra.engine.release.order import SkippedError, first_failure, settle
from learnflow_infra.errors import ReleaseFailedError
from learnflow_infra.models import ChartSource, Profile, Release, ReleaseName, SkillName


def release(name, *needs):
    return Release(
        name=ReleaseName(name),
        skill=SkillName("s"),
        needs=tuple(map(ReleaseName, needs)),
        profiles={Profile("embedded"): ChartSource(chart="c")},
    )


class Work:
    """Work that ends when the test says so."""

    def __init__(self, *broken):
        self.log, self._broken = [], broken
        self._may_end = {}

    def may_end(self, name):
        return self._may_end.setdefault(name, asyncio.Event())

    async def __call__(self, item, needs):
        self.log.append(f"+{item.name}")
        if item.name in self._broken:
            raise ReleaseFailedError(f"{item.name} is broken")
        await self.may_end(item.name).wait()
        self.log.append(f"-{item.name}")
        return item.name, list(needs)


async def settled():
    """Let every task run until all of them wait."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_independent_releases_run_at_the_same_time_and_needs_first():
    async def scenario():
        work = Work()
        releases = [release("a"), release("b"), release("c", "a")]
        running = asyncio.create_task(settle(releases, work))
        await settled()
        assert work.log == ["+a", "+b"]
        work.may_end("a").set()
        await settled()
        assert work.log == ["+a", "+b", "-a", "+c"]
        work.may_end("c").set()
        work.may_end("b").set()
        results = await running
        assert list(results.values()) == [("a", []), ("b", []), ("c", ["a"])]
        assert first_failure(results.values()) is None

    asyncio.run(scenario())


def test_a_failure_lets_the_others_end_and_skips_what_needs_it():
    async def scenario():
        work = Work("a")
        work.may_end("b").set()
        releases = [release("a"), release("b"), release("c", "a")]
        results = await settle(releases, work)
        assert work.log == ["+a", "+b", "-b"]
        assert str(results["a"]) == "a is broken"
        assert isinstance(results["c"], SkippedError)
        assert first_failure(reversed(results.values())) is results["a"]

    asyncio.run(scenario())


def test_a_need_that_is_not_of_this_run_is_not_waited_for():
    work = Work()

    async def scenario():
        work.may_end("c").set()
        return await settle([release("c", "operator")], work)

    assert asyncio.run(scenario()) == {"c": ("c", [])}
