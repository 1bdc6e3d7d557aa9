"""Bring releases to what is asked: in order, independent ones in parallel."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml

from learnflow_infra.clients.helm import Live
from learnflow_infra.engine import locks, repair
from learnflow_infra.engine.session import Session
from learnflow_infra.errors import LearnflowError
from learnflow_infra.events import Message, Step, step
from learnflow_infra.models import Document, Release, ReleaseName
from learnflow_infra.readiness import tracker
from learnflow_infra.readiness.stuck import stuck_pods
from learnflow_infra.readiness.tracker import COLLECTIONS


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A release that is in force and ready.

    `values` are what helm was given, `computed` all that the chart saw, `containers` the
    identity of every running container: pod UID and restart count.
    """

    release: ReleaseName
    revision: int
    changed: bool
    values: Document
    computed: Document
    manifest: str
    containers: tuple[tuple[str, int], ...]


class SkippedError(LearnflowError):
    """A release was not begun, because one that it needs failed."""

    exit_code = 6
    title = "release failed"


async def converge_all(
    session: Session,
    releases: Sequence[Release],
    values: Mapping[ReleaseName, Document],
    limit: float | None,
) -> list[Outcome]:
    """Converge every release once what it needs is ready; the others go on when one fails.

    Raises:
        LearnflowError: the first failure in release order, after all have settled.
    """
    tasks: dict[ReleaseName, asyncio.Task[Outcome]] = {}

    async def after_needs(release: Release) -> Outcome:
        needed = await asyncio.gather(*(tasks[n] for n in release.needs), return_exceptions=True)
        failed = [n for n, result in zip(release.needs, needed, strict=True) if _failed(result)]
        if failed:
            raise SkippedError(f"{release.name} was not begun, because {failed[0]} failed.")
        return await converge(session, release, values[release.name], limit)

    for release in releases:
        tasks[release.name] = asyncio.create_task(after_needs(release))
    try:
        results = await asyncio.gather(*tasks.values(), return_exceptions=True)
    except asyncio.CancelledError:
        session.stop.set()  # the waits run in threads, which only this ends
        raise
    failures = [result for result in results if isinstance(result, BaseException)]
    if failures:
        raise next((f for f in failures if not isinstance(f, SkippedError)), failures[0])
    return [result for result in results if isinstance(result, Outcome)]


def _failed(result: object) -> bool:
    return isinstance(result, BaseException)


async def converge(
    session: Session,
    release: Release,
    values: Document,
    limit: float | None,
) -> Outcome:
    """Install or upgrade one release if it differs, and wait until it is ready.

    Raises:
        ReleaseFailedError: helm refused it.
        NotReadyError: it did not become ready in time.
    """
    seconds = limit if limit is not None else release.ready_timeout
    chart = release.profiles[session.target.profile].chart
    with step(session.emit, f"release/{release.name}", f"Release {release.name}") as running:
        before, wanted = await _compare(session, release, chart, values)
        broken = before is not None and await asyncio.to_thread(
            repair.needed, session.kube, session.namespace, before.manifest
        )
        changed = before is None or broken or not same(before, wanted)
        after = before
        if changed or after is None:
            running.progress(0, note="installing" if before is None else "upgrading")
            after = await session.helm.upgrade(release.name, chart, values, seconds=seconds)
        computed, snapshot = await asyncio.gather(
            session.helm.computed_values(release.name),
            asyncio.to_thread(
                tracker.wait,
                session.kube,
                session.namespace,
                release,
                expected=workloads(after.manifest),
                seconds=seconds,
                stop=session.stop,
                seen=_Watcher(session, running),
            ),
        )
        running.done(f"revision {after.revision}", changed=changed)
    return Outcome(
        release=release.name,
        revision=after.revision,
        changed=changed,
        values=values,
        computed=computed,
        manifest=after.manifest,
        containers=containers(snapshot),
    )


class _Watcher:
    """Tells what a wait sees, and replaces pods that an earlier attempt left stuck."""

    def __init__(self, session: Session, running: Step) -> None:
        self._session = session
        self._running = running
        self._replaced: set[str] = set()

    def __call__(self, snapshot: tracker.Snapshot) -> None:
        self._running.progress(0, note=snapshot.summary())
        for pod in stuck_pods(snapshot.objects):
            name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
            if uid not in self._replaced:
                self._replaced.add(uid)
                self._session.emit(
                    Message(text=f"     replacing Pod/{name}, stuck in an old revision")
                )
                self._session.kube.delete(
                    f"/api/v1/namespaces/{self._session.namespace}/pods/{name}", uid=uid
                )


def containers(snapshot: tracker.Snapshot) -> tuple[tuple[str, int], ...]:
    """Which containers run: another pod or a restart gives another value."""
    pods = (obj for obj in snapshot.objects if obj["kind"] == "Pod")
    return tuple(
        sorted(
            (pod["metadata"]["uid"], int(item["restartCount"]))
            for pod in pods
            for item in pod["status"].get("containerStatuses", ())
        )
    )


def same(live: Live, wanted: Live) -> bool:
    """The live release is deployed, with the same values, manifest and hooks."""
    return live.status == "deployed" and (live.values, live.manifest, live.hooks) == (
        wanted.values,
        wanted.manifest,
        wanted.hooks,
    )


async def _compare(
    session: Session, release: Release, chart: str, values: Document
) -> tuple[Live | None, Live]:
    """The live release and what is asked, looked at together; a cut-off one is undone first."""
    live, wanted = await asyncio.gather(
        session.helm.live(release.name),
        session.helm.render(release.name, chart, values),
        return_exceptions=True,
    )
    if isinstance(live, Live) and live.status.startswith(_CUT_OFF):
        live = await recover(session, release, live)
        wanted = await session.helm.render(release.name, chart, values)
    for result in (live, wanted):
        if isinstance(result, BaseException):
            raise result
    return live, wanted  # type: ignore[return-value] # exceptions were raised above


_CUT_OFF = ("pending", "uninstalling")


async def recover(session: Session, release: Release, live: Live) -> Live | None:
    """Undo a helm operation that was cut off, and return the release as it is then.

    Helm refuses to work on a `pending-*` release. The last revision that was in force is
    rolled back to, or, where there was none, the attempt is uninstalled (claims stay).

    Raises:
        LockedError: the operation may still be under way, elsewhere.
    """
    where = session.target.context, session.namespace
    locks.require_idle(*where, release.name, live, max(locks.PATIENCE, release.ready_timeout))
    good = await session.helm.deployed_revisions(release.name)
    if good and live.status != "uninstalling":
        await session.helm.rollback(release.name, good[0])
    else:
        await session.helm.uninstall(release.name)
    return await session.helm.live(release.name)


def workloads(manifest: str) -> list[str]:
    """`Kind/name` of the manifest's objects whose readiness is tracked."""
    objects = [obj for obj in yaml.safe_load_all(manifest) if obj]
    return [
        f"{obj['kind']}/{obj['metadata']['name']}" for obj in objects if obj["kind"] in COLLECTIONS
    ]
