"""Work on releases at the same time, each once the releases that it needs are done."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from learnflow_infra.errors import ReleaseFailedError
from learnflow_infra.models import Release, ReleaseName

T = TypeVar("T")
Work = Callable[[Release, Sequence[ReleaseName]], Awaitable[T]]
"""Takes a release and those of this run that it waited for."""


class SkippedError(ReleaseFailedError):
    """Work on a release was not begun, because a release that it needs failed."""


def first_failure(results: Iterable[object]) -> BaseException | None:
    """The first failure, rather than work that was not begun because of it."""
    failures = [result for result in results if isinstance(result, BaseException)]
    begun = (failure for failure in failures if not isinstance(failure, SkippedError))
    return next(begun, next(iter(failures), None))


async def settle(
    releases: Sequence[Release], work: Work[T]
) -> dict[ReleaseName, T | BaseException]:
    """Work on every release; a failure stops only the releases that need the failed one.

    A need that is not among `releases` is not waited for.

    Args:
        releases: needs before what needs them.
        work: done once for each.

    Returns:
        The result or the failure of each release, in the order of `releases`.
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
    return dict(zip(tasks, results, strict=True))
