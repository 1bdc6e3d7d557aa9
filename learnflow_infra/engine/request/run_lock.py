"""Locks: one run at a time changes the releases of a namespace.

A run holds two locks: of the context and namespace (against any checkout of this user), and
of this checkout (where artifacts are written). Other users and machines do not see them;
for operations of those, `held_for` reads helm's record.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO
from urllib.parse import quote

from learnflow_infra import paths
from learnflow_infra.errors import InputError, LockedError
from learnflow_infra.outputs import artifacts
from learnflow_infra.system import locks

PATIENCE = 300.0
"""Seconds after which helm ends an operation, unless `--timeout` sets another limit."""
SLACK = 10.0
"""Seconds for which a helm process may outlive the run that started it."""


@dataclass(frozen=True, kw_only=True)
class _Run:
    """The run that holds a lock, as the lock's file names it; times are seconds since 1970.

    `until` is set if the run was cut off. From `first` to `last`, earlier runs were cut off
    whose operations may be unfinished.
    """

    verb: str
    pid: int = field(default_factory=os.getpid)
    since: float = field(default_factory=time.time)
    checkout: str = field(default_factory=lambda: str(paths.repo_root()))
    until: float | None = None
    first: float = 0.0
    last: float = 0.0

    def after(self, cut_off: "_Run") -> "_Run":
        """This run, with the period in which runs before it were cut off.

        A run that was killed wrote no `until`: it may have ended just before this one began.
        """
        ended = cut_off.until or self.since
        return replace(self, first=cut_off.first or cut_off.since, last=max(cut_off.last, ended))

    def __str__(self) -> str:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        text = f"learnflow-infra {self.verb}, process {self.pid}, since {since}"
        return f"{text}, of the checkout {self.checkout}."


@contextmanager
def hold(context: str, namespace: str, verb: str) -> Iterator[None]:
    """Hold the releases of a namespace, and this checkout's artifacts, against other runs.

    The lock's file names the `verb`, but not the options, which may hold secrets. A run that
    is cut off leaves its entry, so that the next run recognises its unfinished operations.

    Raises:
        LockedError: another run holds one of the locks; it is named.
        FoundationError: a lock's file cannot be written.
    """
    path = _path(context, namespace)

    def refuse() -> None:
        raise LockedError(
            f"Another run is changing the namespace {namespace} of {context}.",
            why=str(_read(path) or "It has only just begun."),
            remedy="Wait for it to end, or stop it with Ctrl-C where it runs.",
        )

    with locks.hold(path, refuse) as file, artifacts.lock(paths.phase_dir()):
        before, run = _read(path), _Run(verb=verb)
        run = run.after(before) if before else run
        _write(file, run)
        try:
            yield
        except InputError:  # raised before helm changes anything
            _write(file, before)
            raise
        except BaseException:
            _write(file, replace(run, until=time.time() + SLACK))
            raise
        _write(file, None)


def held_for(context: str, namespace: str, *, begun: float, patience: float = PATIENCE) -> float:
    """Seconds for which an unfinished helm operation may still go on elsewhere; 0 when it is over.

    It is over if a run of this user began it and was cut off: the caller holds the lock, so
    that run has ended. A helm process of another user or machine cannot be observed; it gets
    the time after which helm itself ends an operation. If this host's clock is behind, the
    result is larger. (A Lease in the namespace would exclude runs of this program, but not
    helm's.)

    Args:
        context: of the cluster.
        namespace: of the release.
        begun: when the operation began, in seconds since 1970.
        patience: seconds after which helm ends it.
    """
    run = _read(_path(context, namespace))
    ours = run is not None and run.first <= begun <= run.last
    return 0.0 if ours else max(0.0, patience - (time.time() - begun))


def forget(context: str) -> None:
    """Remove the locks of a deleted context, and their folders if those are empty."""
    folder = paths.data_dir() / "locks"
    for path in folder.glob(f"{quote(context, safe='')},*"):
        path.unlink(missing_ok=True)
    for each in (folder, folder.parent):
        with suppress(OSError):  # it is not empty, or does not exist
            each.rmdir()


def _path(context: str, namespace: str) -> Path:
    name = ",".join(quote(part, safe="") for part in (context, namespace))
    return paths.data_dir() / "locks" / name


def _read(path: Path) -> _Run | None:
    """The run that a lock's file names; None after a run that was not cut off."""
    try:
        return _Run(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # it does not exist, is empty or half written
        return None


def _write(file: IO[str], run: _Run | None) -> None:
    file.truncate(0)
    file.write(json.dumps(asdict(run)) if run else "")
    file.flush()
