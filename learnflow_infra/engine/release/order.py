"""Work on releases at the same time, each once the releases that it needs are done."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from learnflow_infra.errors import ReleaseFailedError
from learnflow_infra.models import Release, ReleaseName

T = TypeVar("T")
Work = Callable[[Release, Sequence[ReleaseName]], Awaitable[T]]
"""Takes a release and those of this run that it waited for."""


class SkippedError(ReleaseFailedError):
    """Work on a release was not begun, because a release that it needs failed."""


async def in_order_of_needs(releases: Sequence[Release], work: Work[T]) -> list[T]:
    """Work on every release; a failure stops only the releases that need the failed one.

    A need that is not among `releases` is not waited for.

    Args:
        releases: needs before what needs them.
        work: done once for each.

    Returns:
        The results, in the order of `releases`.

    Raises:
        BaseException: the first failure in the order of `releases`, once all have settled.
    """
    tasks: dict[ReleaseName, asyncio.Task[T]] = {}

    async def after_needs(release: Release) -> T:
        needs = [name for name in release.needs if name in tasks]
        results = await asyncio.gather(*(tasks[name] for name in needs), return_exceptions=True)
        for name, result in zip(needs, results, strict=True):
            if isinstance(result, BaseException):
                raise SkippedError(f"{release.name} was not begun, because {name} failed.")
        return await work(release, needs)

    for release in releases:
        tasks[release.name] = asyncio.create_task(after_needs(release))
    results = await asyncio.gather(*tasks.values(), return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    if failures:
        raise next((f for f in failures if not isinstance(f, SkippedError)), failures[0])
    return [task.result() for task in tasks.values()]
