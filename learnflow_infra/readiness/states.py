"""What can be said of a Kubernetes object: the words that the rules of readiness share.

Objects come as the API server sends them, in every phase: what a rule reads may be missing
or null, so it reads it by `part`, `items`, `count` and `text`, which never raise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from learnflow_infra.objects import Condition, Fields, Object

State = Literal["Current", "InProgress", "Failed", "Terminating", "NotFound", "Unknown"]


@dataclass(frozen=True, kw_only=True)
class Status:
    """A state and, for people, what it is waiting for."""

    state: State
    message: str

    @property
    def ready(self) -> bool:
        """The object is as its spec asks."""
        return self.state == "Current"


def current(message: str) -> Status:
    """The object is as its spec asks."""
    return Status(state="Current", message=message)


def progress(message: str) -> Status:
    """Somebody is at work on it, or will be."""
    return Status(state="InProgress", message=message)


def failed(message: str) -> Status:
    """It will not become ready by waiting."""
    return Status(state="Failed", message=message)


def terminating(message: str) -> Status:
    """It is being deleted."""
    return Status(state="Terminating", message=message)


def unknown(message: str) -> Status:
    """Nobody can tell: who would know does not answer, or the object cannot be read."""
    return Status(state="Unknown", message=message)


def at(obj: Any, *keys: str) -> Any:
    """What stands below some keys; None where one of them is missing."""
    for key in keys:
        obj = obj.get(key) if isinstance(obj, Mapping) else None
    return obj


def part(obj: Any, *keys: str) -> Fields:
    """The mapping below some keys, or an empty one."""
    found = at(obj, *keys)
    return found if isinstance(found, dict) else {}


def items(obj: Any, *keys: str) -> list[Any]:
    """The mappings of the list below some keys, or none."""
    found = at(obj, *keys)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def count(obj: Any, *keys: str, default: int = 0) -> int:
    """The integer below some keys, or the default."""
    found = at(obj, *keys)
    return found if isinstance(found, int) else default


def text(obj: Any, *keys: str, default: str = "") -> str:
    """The text below some keys, or the default; never an empty one in its place."""
    found = at(obj, *keys)
    return found if isinstance(found, str) and found else default


def condition(obj: Object, name: str) -> Condition:
    """A condition of the object's status, or an empty mapping."""
    conditions: list[Condition] = items(obj, "status", "conditions")
    return next((item for item in conditions if item.get("type") == name), Condition())


def holds(obj: Object, name: str) -> bool:
    """The object has a condition, and it is true."""
    return condition(obj, name).get("status") == "True"


def says(found: Condition) -> str:
    """A condition in words: its reason and message, or its type and status."""
    parts = (text(found, "reason"), text(found, "message"))
    return ": ".join(filter(None, parts)) or f"{found.get('type')}={found.get('status')}"


def behind(obj: Object) -> bool:
    """The object's controller has not seen its newest spec yet."""
    generation = count(obj, "metadata", "generation")
    return count(obj, "status", "observedGeneration", default=generation) < generation
