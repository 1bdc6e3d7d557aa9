"""Keep a store up to date: a follower for each collection, shared by all waits of a run."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from learnflow_infra.clients import retry
from learnflow_infra.clients.api_errors import ForbiddenError, NotFoundError
from learnflow_infra.clients.kube import Kube
from learnflow_infra.errors import ClusterUnreachableError
from learnflow_infra.readiness.follower import Follower
from learnflow_infra.readiness.store import Store
from learnflow_infra.remedy import Command, Remedy


class Watches:
    """The watches of a run, shared by all of its releases; closed with the run."""

    def __init__(self, kube: Kube) -> None:
        self.store = Store()
        self._kube = kube
        self._closing = threading.Event()
        self._blocked = _Blocked(self._end_streams)
        self._followers: list[Follower] = []

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
                follower = Follower(self._kube, self.store, path, self._closing, self._blocked)
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
        self._end_streams()

    def _end_streams(self) -> None:
        for follower in list(self._followers):
            follower.close()


class _Blocked(threading.Event):
    """Set once it is known that events do not get through; `then` is called."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self._then = then

    def set(self) -> None:
        """Set it."""
        super().set()
        self._then()
