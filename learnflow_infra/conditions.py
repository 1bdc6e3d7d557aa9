"""Pure: what the conditions of a Kubernetes object's status tell."""

from learnflow_infra.fields import items, text
from learnflow_infra.objects import Condition, Object


def condition(obj: Object, name: str) -> Condition:
    """The condition of that type in the object's status, or an empty one."""
    conditions: list[Condition] = items(obj, "status", "conditions")
    return next((item for item in conditions if item.get("type") == name), Condition())


def holds(obj: Object, name: str) -> bool:
    """Whether the object has a condition of that type with the status True."""
    return is_true(condition(obj, name))


def is_true(item: Condition) -> bool:
    """Whether a condition has the status True, which some operators write as a boolean."""
    return str(item.get("status")).lower() == "true"


def describe(item: Condition) -> str:
    """The condition's reason and message, or else its type and status."""
    parts = (text(item, "reason"), text(item, "message"))
    return ": ".join(filter(None, parts)) or f"{item.get('type')}={item.get('status')}"
