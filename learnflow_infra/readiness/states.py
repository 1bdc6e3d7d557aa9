"""What can be said of a Kubernetes object: the words that the rules of readiness share."""

from dataclasses import dataclass
from typing import Literal

from learnflow_infra.models import Document

State = Literal["Current", "InProgress", "Failed", "Terminating", "NotFound"]


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


def condition(obj: Document, name: str) -> Document:
    """A condition of the object's status, or an empty mapping."""
    for item in (obj.get("status") or {}).get("conditions") or ():  # a new CRD's are null
        if item["type"] == name:
            found: Document = item
            return found
    return {}


def behind(obj: Document) -> bool:
    """The object's controller has not seen its newest spec yet."""
    observed = obj.get("status", {}).get("observedGeneration")
    generation = obj["metadata"].get("generation")
    return observed is not None and generation is not None and observed < generation
