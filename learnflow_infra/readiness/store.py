"""The watched objects by collection, safe between threads."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from learnflow_infra.objects import Object

State = Literal["new", "live", "lost", "denied", "absent"]
"""Of a collection: not listed yet, watched, connection lost, forbidden, not served."""
Key = tuple[str, str]
"""Namespace and name of an object."""


@dataclass(kw_only=True)
class _Collection:
    """One collection, as of the resourceVersion `newest`; `why` is the reason of its state."""

    objects: dict[Key, Object] = field(default_factory=dict)
    newest: int = 0
    state: State = "new"
    why: str = ""


class Store:
    """Objects by the path of their collection.

    `version` grows with every change, so that a reader can wait for the next one. A list and
    a watch of one collection may arrive in any order: the newer resourceVersion, compared as
    a number, is kept.
    Source: https://github.com/kubernetes/enhancements/issues/5504 (comparable versions).
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._collections: dict[str, _Collection] = {}
        self.version = 0

    def add(self, path: str) -> bool:
        """Add an empty collection; returns whether the store did not have it yet."""
        with self._changed:
            if path in self._collections:
                return False
            self._collections[path] = _Collection()
            return True

    def replace(self, path: str, items: Iterable[Object], version: str) -> bool:
        """Replace a collection by a list of it, unless events of a watch are newer.

        Returns:
            whether the list has other objects, or versions of them, than the store had.

        The instance of an unchanged object is kept, because statuses are cached by instance.
        """
        listed = int(version)
        with self._changed:
            collection, news = self._collections[path], False
            if listed >= collection.newest:
                objects = {_key(item): item for item in items}
                for key in objects.keys() & collection.objects.keys():
                    if _version(collection.objects[key]) == _version(objects[key]):
                        objects[key] = collection.objects[key]
                news = _instances(objects) != _instances(collection.objects)
                collection.objects, collection.newest = objects, listed
            if news or collection.state != "live":
                self._mark(collection, "live")
            return news

    def apply(self, path: str, kind: str, item: Object) -> None:
        """Apply an event of a watch (ADDED, MODIFIED or DELETED), unless a list is newer."""
        with self._changed:
            collection, version = self._collections[path], _version(item)
            if version <= collection.newest:
                return
            collection.newest = version
            if kind == "DELETED":
                collection.objects.pop(_key(item), None)
            else:
                collection.objects[_key(item)] = item
            self._notify()

    def mark(self, path: str, state: State, why: str = "") -> None:
        """Record the state of a collection's watch."""
        with self._changed:
            collection = self._collections[path]
            if collection.state != state:
                self._mark(collection, state, why)

    def _mark(self, collection: _Collection, state: State, why: str = "") -> None:
        collection.state, collection.why = state, why
        self._notify()

    def _notify(self) -> None:
        self.version += 1
        self._changed.notify_all()

    def objects(self, paths: Iterable[str]) -> list[Object]:
        """The objects of some collections."""
        with self._changed:
            present = [self._collections[path] for path in paths if path in self._collections]
            return [item for collection in present for item in collection.objects.values()]

    def in_state(self, state: State) -> dict[str, str]:
        """The collections in a state, with the reason."""
        with self._changed:
            return {path: c.why for path, c in self._collections.items() if c.state == state}

    def wait(self, version: int, seconds: float) -> None:
        """Wait until the version is another than `version`, at most for `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self.version != version, timeout=max(seconds, 0.0))

    def wait_listed(self, seconds: float) -> bool:
        """Wait until every collection is listed, denied or absent; False after `seconds`."""
        with self._changed:
            return self._changed.wait_for(
                lambda: all(c.state not in {"new", "lost"} for c in self._collections.values()),
                timeout=seconds,
            )


def _key(item: Object) -> Key:
    metadata = item["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def _instances(objects: Mapping[Key, Object]) -> dict[Key, int]:
    return {key: id(item) for key, item in objects.items()}


def _version(item: Object) -> int:
    return int(item["metadata"]["resourceVersion"])
