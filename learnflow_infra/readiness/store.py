"""What watches have seen: objects by collection, safe between threads."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from learnflow_infra.objects import Object

State = Literal["new", "live", "lost", "denied", "absent"]
"""Of a collection: not listed yet, watched, connection lost, forbidden, not served."""
Key = tuple[str, str]


@dataclass(kw_only=True)
class _Shelf:
    """One collection, as it was at the resourceVersion `newest`."""

    objects: dict[Key, Object] = field(default_factory=dict)
    newest: int = 0
    state: State = "new"
    why: str = ""


class Store:
    """Objects by the path of their collection.

    `version` grows with every change, so that a reader can wait for the next one. Resource
    versions are compared as numbers, so that a list and a watch of one collection may
    overtake each other.
    Source: https://github.com/kubernetes/enhancements/issues/5504 (comparable versions).
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._shelves: dict[str, _Shelf] = {}
        self.version = 0

    def shelve(self, path: str) -> bool:
        """Make room for a collection; False when it is there already."""
        with self._changed:
            if path in self._shelves:
                return False
            self._shelves[path] = _Shelf()
            return True

    def replace(self, path: str, items: Iterable[Object], version: str) -> None:
        """Take a list, unless what came by the watch is newer."""
        listed = int(version)
        with self._changed:
            shelf = self._shelves[path]
            if listed >= shelf.newest:
                found = {_key(item): item for item in items}
                for key in found.keys() & shelf.objects.keys():
                    if _version(shelf.objects[key]) == _version(found[key]):
                        found[key] = shelf.objects[key]  # who cached a judgement, finds it again
                shelf.objects, shelf.newest = found, listed
            self._mark(shelf, "live")

    def apply(self, path: str, kind: str, item: Object) -> None:
        """Take an event of a watch: ADDED, MODIFIED or DELETED; unless a list was newer."""
        with self._changed:
            shelf, version = self._shelves[path], _version(item)
            if version <= shelf.newest:
                return
            shelf.newest = version
            if kind == "DELETED":
                shelf.objects.pop(_key(item), None)
            else:
                shelf.objects[_key(item)] = item
            self._tell()

    def mark(self, path: str, state: State, why: str = "") -> None:
        """Say how a collection's watch is."""
        with self._changed:
            shelf = self._shelves[path]
            if shelf.state != state:
                self._mark(shelf, state, why)

    def _mark(self, shelf: _Shelf, state: State, why: str = "") -> None:
        shelf.state, shelf.why = state, why
        self._tell()

    def _tell(self) -> None:
        self.version += 1
        self._changed.notify_all()

    def objects(self, paths: Iterable[str]) -> list[Object]:
        """The objects of some collections."""
        with self._changed:
            shelves = [self._shelves[path] for path in paths if path in self._shelves]
            return [item for shelf in shelves for item in shelf.objects.values()]

    def in_state(self, state: State) -> dict[str, str]:
        """The collections that are in a state, and why."""
        with self._changed:
            return {p: shelf.why for p, shelf in self._shelves.items() if shelf.state == state}

    def wait(self, version: int, seconds: float) -> None:
        """Wait until there is something newer than `version`, or `seconds` are over."""
        with self._changed:
            self._changed.wait_for(lambda: self.version != version, timeout=max(seconds, 0.0))

    def wait_listed(self, seconds: float) -> bool:
        """Wait until every collection was listed, or is known to be denied or absent."""
        deadline = time.monotonic() + seconds
        with self._changed:
            return self._changed.wait_for(
                lambda: all(shelf.state not in {"new", "lost"} for shelf in self._shelves.values()),
                timeout=deadline - time.monotonic(),
            )


def _key(item: Object) -> Key:
    metadata = item["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def _version(item: Object) -> int:
    return int(item["metadata"]["resourceVersion"])
