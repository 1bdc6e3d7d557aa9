"""Keep a store up to date: by one list and one watch of each collection."""

import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Self

from learnflow_infra.clients import retry
from learnflow_infra.clients.api_errors import (
    ApiError,
    ForbiddenError,
    GoneError,
    NotFoundError,
    refusal,
)
from learnflow_infra.clients.kube import Kube
from learnflow_infra.errors import ClusterUnreachableError
from learnflow_infra.objects import WatchEvent
from learnflow_infra.readiness.store import State, Store
from learnflow_infra.remedy import Command, Remedy

if TYPE_CHECKING:
    from learnflow_infra.clients.stream import Stream

SHORT = 5.0
"""Seconds: a connection that ends sooner counts as a failed attempt."""
_REFUSED: dict[type[ApiError], State] = {ForbiddenError: "denied", NotFoundError: "absent"}


class Watches:
    """The watches of a run, shared by all of its releases; closed with the run."""

    def __init__(self, kube: Kube) -> None:
        self.store = Store()
        self._kube = kube
        self._closing = threading.Event()
        self._followers: list[_Follower] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def ensure(self, paths: Iterable[str], *, seconds: float = retry.SECONDS) -> None:
        """Watch collections; their objects in the store are then no older than this call.

        Raises:
            ClusterUnreachableError: a collection could not be listed within `seconds`.
        """
        listed = []
        for path in dict.fromkeys(paths):
            if self.store.add(path):
                follower = _Follower(self._kube, self.store, path, self._closing)
                self._followers.append(follower)
                follower.start()
            else:
                listed.append(path)
        if listed:
            with ThreadPoolExecutor(max_workers=len(listed)) as pool:
                list(pool.map(self._list_again, listed))
        if not self.store.wait_listed(seconds):
            lost = "; ".join(f"{p}: {why}" for p, why in self.store.in_state("lost").items())
            raise ClusterUnreachableError(
                "The API server does not answer.", why=lost, remedy=Remedy(Command("doctor"))
            )

    def _list_again(self, path: str) -> None:
        try:
            self.store.replace(path, *self._kube.collection(path))
        except (ForbiddenError, NotFoundError):
            return

    def close(self) -> None:
        """End all watches."""
        self._closing.set()
        for follower in self._followers:
            follower.close()


class _Follower(threading.Thread):
    """One collection: a list, then watches, each from where the last one ended."""

    def __init__(self, kube: Kube, store: Store, path: str, closing: threading.Event) -> None:
        super().__init__(name=f"watch {path}", daemon=True)
        self._kube, self._store, self._path, self._closing = kube, store, path, closing
        self._stream: Stream | None = None
        self._version = ""

    def run(self) -> None:
        """Follow until `closing` is set."""
        while not self._closing.is_set():
            retry.persist(self._attempt, on=retry.TransientError, until=self._closing)

    def close(self) -> None:
        """End the thread's read of the stream; the thread then ends, too."""
        if self._stream:
            self._stream.close()

    def _attempt(self) -> None:
        """One connection; returns when it ends after more than `SHORT` seconds.

        Raises:
            TransientError: there was no connection, or it ended sooner.
        """
        begun = time.monotonic()
        try:
            self._connect()
        except retry.TransientError as error:
            self._lost(str(error), begun)
        except ClusterUnreachableError as error:
            self._lost(str(error.why), begun)
        except ApiError as error:
            self._refused(error)
        except (ValueError, KeyError, TypeError) as error:  # the thread must go on
            self._version = ""
            self._lost(f"an answer cannot be read: {error}", begun)
        if time.monotonic() - begun < SHORT:
            raise retry.TransientError("the connection ended at once")

    def _connect(self) -> None:
        if not self._version:
            items, self._version = self._kube.collection(self._path, patience=0)
            self._store.replace(self._path, items, self._version)
        self._stream = self._kube.watch(self._path, self._version)
        self._store.mark(self._path, "live")
        if self._closing.is_set():
            self._stream.close()
        for event in self._stream:
            self._apply(event)

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
        self._store.mark(self._path, _REFUSED.get(type(error), "lost"), error.what)
        raise retry.TransientError(error.what)
