"""Follow one collection of the API: by watches, or by lists alone where watches are of no use."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from learnflow_infra.clients import retry
from learnflow_infra.clients.api_errors import (
    ApiError,
    ForbiddenError,
    GoneError,
    NotFoundError,
    refusal,
)
from learnflow_infra.clients.kube import SILENCE, Kube
from learnflow_infra.clients.stream import SilentError
from learnflow_infra.errors import ClusterUnreachableError
from learnflow_infra.objects import WatchEvent
from learnflow_infra.readiness.store import State, Store

if TYPE_CHECKING:
    from learnflow_infra.clients.stream import Stream

SHORT = 5.0
"""Seconds: a connection that ends sooner counts as a failed attempt."""
CUTS = 2
"""Watches of a collection that end at once, after which it is listed instead."""
SILENT = 5.0
"""Seconds without an event after which a list says whether the watch missed one; then twice as
long each time."""


class Follower(threading.Thread):
    """One collection: a list, then watches, each from where the last one ended.

    Where a watch is refused, or does not get through, the collection is listed again and again.
    The store gets the same either way.
    """

    def __init__(
        self,
        kube: Kube,
        store: Store,
        path: str,
        closing: threading.Event,
        blocked: threading.Event,
    ) -> None:
        """Nothing is sent before `start`.

        Args:
            kube: the cluster.
            store: gets the objects.
            path: of the collection.
            closing: set when the run ends.
            blocked: set once it is known that something keeps events back.
        """
        super().__init__(name=f"watch {path}", daemon=True)
        self._kube, self._store, self._path, self._closing = kube, store, path, closing
        self._stream: Stream | None = None
        self._version = ""
        self._blocked, self._refused_watch = blocked, False
        self._cuts, self._silence = 0, SILENT

    def run(self) -> None:
        """Follow until `closing` is set."""
        while not self._closing.is_set() and not self._must_poll():
            retry.persist(self._attempt, on=retry.TransientError, until=self._closing)
        retry.repeat(self._poll, on=retry.TransientError, until=self._closing)

    def close(self) -> None:
        """End the thread's read of the stream; the thread then ends, too."""
        if self._stream:
            self._stream.close()

    def _must_poll(self) -> bool:
        """Whether watches of this collection, or of any, are of no use."""
        return self._refused_watch or self._cuts >= CUTS or self._blocked.is_set()

    def _poll(self) -> bool:
        """List the collection; returns whether it has changed.

        Raises:
            TransientError: there was no answer, or a refusal.
        """
        with self._errors_marked():
            return self._list()
        return False

    def _attempt(self) -> None:
        """One connection; returns when it ends after more than `SHORT` seconds.

        Raises:
            TransientError: there was no connection, or it ended sooner.
        """
        begun = time.monotonic()
        if self._must_poll():
            return
        with self._errors_marked(begun):
            self._connect()
        if time.monotonic() - begun < SHORT and not self._must_poll():
            raise retry.TransientError("the connection ended at once")

    @contextmanager
    def _errors_marked(self, begun: float = math.inf) -> Iterator[None]:
        """Mark in the store what refuses or ends a request that began then."""
        try:
            yield
        except retry.TransientError as error:
            self._lost(str(error), begun)
        except ClusterUnreachableError as error:
            self._lost(str(error.why), begun)
        except ApiError as error:
            self._refused(error)
        except (ValueError, KeyError, TypeError) as error:  # the thread must go on
            self._version = ""
            self._lost(f"an answer cannot be read: {error}", begun)

    def _list(self) -> bool:
        """Put the collection into the store; returns whether it is another than before."""
        since, self._version = self._version, ""
        items, version = self._kube.collection(self._path, since=since, patience=0)
        news = self._store.replace(self._path, items, version)
        self._version = version
        return news

    def _connect(self) -> None:
        """Watch; what is not listed, or was silent for a while, is listed first.

        A list with news after silence shows that something on the way keeps events back, for
        every watch.
        """
        if not self._version:
            self._list()
        begun = time.monotonic()
        try:
            self._watch()
        except ForbiddenError:
            self._refused_watch = True
        except SilentError:
            self._silence = min(self._silence * 2, SILENCE)
            if self._list():
                self._blocked.set()
        except retry.TransientError:
            self._count(begun)
            raise
        else:
            self._count(begun)

    def _watch(self) -> None:
        self._stream = self._kube.watch(self._path, self._version, silence=self._silence)
        self._store.mark(self._path, "live")
        if self._closing.is_set():
            self._stream.close()
        for event in self._stream:
            self._apply(event)
            self._cuts, self._silence = 0, SILENT

    def _count(self, begun: float) -> None:
        """Count watches that end at once, one after the other, while the server answers lists."""
        cuts = self._cuts + 1 if time.monotonic() - begun < SHORT else 0
        self._cuts = 0
        if cuts >= CUTS and not self._closing.is_set():
            self._list()
        self._cuts = cuts

    def _apply(self, event: WatchEvent) -> None:
        kind, item = event["type"], event["object"]
        if kind == "ERROR":
            raise refusal(int(item.get("code", 500)), str(item.get("message")))
        if kind != "BOOKMARK":
            self._store.apply(self._path, kind, item)
        self._version = item["metadata"]["resourceVersion"]

    def _lost(self, why: str, begun: float) -> None:
        if self._closing.is_set():
            return
        self._store.mark(self._path, "lost", why)
        if time.monotonic() - begun < SHORT:
            raise retry.TransientError(why)

    def _refused(self, error: ApiError) -> None:
        """After a 410, the next attempt lists again; other refusals are marked and tried later."""
        if isinstance(error, GoneError):
            self._version = ""
            return
        self._store.mark(self._path, _refused_state(error), error.what)
        raise retry.TransientError(error.what)


def _refused_state(error: ApiError) -> State:
    if isinstance(error, ForbiddenError):
        return "denied"
    return "absent" if isinstance(error, NotFoundError) else "lost"
