"""Fields set by hand that make a manifest invalid: helm becomes their manager, and removes them.

An apply leaves what another manager owns, such as `value` beside the manifest's `valueFrom`, or a
second source of a volume. What helm owns and its next apply lacks, the API server removes.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from learnflow_infra.clients import dry_run
from learnflow_infra.clients.api_errors import ApiError
from learnflow_infra.clients.field_managers import OWN, is_standing
from learnflow_infra.clients.kube import HELM, Kube
from learnflow_infra.documents.merging import merge
from learnflow_infra.engine.release.managers import Conflict, is_item
from learnflow_infra.fields import items, part, text
from learnflow_infra.objects import Fields, Object


def in_the_way(kube: Kube, path: str, desired: Object, live: Object) -> list[Conflict]:
    """The fields set by hand that make a valid manifest invalid, if an apply was refused."""
    found = added(desired, live)
    return found if found and can_be_created(kube, path, desired) else []


def can_be_created(kube: Kube, path: str, obj: Object) -> bool:
    """Whether only the live object of that name makes the object invalid."""
    try:
        dry_run.create(kube, path, obj)
    except ApiError:
        return False
    return True


def added(desired: Object, live: Object) -> list[Conflict]:
    """The fields that others set by hand in what the manifest has, and that it lacks."""
    return [
        Conflict(field=field, manager=entry["manager"])
        for entry in items(live, "metadata", "managedFields")
        for field in _paths(_lacking(entry, desired))
    ]


def hand_over(kube: Kube, path: str, desired: Object) -> None:
    """Make helm the manager of these fields; nothing else of the object changes."""
    live = kube.get(path)
    given = given_to_helm(desired, live)
    version = live["metadata"]["resourceVersion"]
    kube.merge(path, {"metadata": {"managedFields": given, "resourceVersion": version}})


def given_to_helm(desired: Object, live: Object) -> list[Fields]:
    """Pure: the managed fields of a live object, with these fields as if helm had applied them."""
    entries = items(live, "metadata", "managedFields")
    taken: dict[str, Any] = {}
    for entry in entries:
        taken = merge(taken, _lacking(entry, desired))
    own: Fields = next(filter(_is_of_helm, entries), {})
    kept = [_without(entry, _lacking(entry, desired)) for entry in entries if entry is not own]
    applied = {
        "manager": HELM,
        "operation": "Apply",
        "apiVersion": desired["apiVersion"],
        "fieldsType": "FieldsV1",
        **own,
        "fieldsV1": merge(dict(part(own, "fieldsV1")), taken),
    }
    return [applied, *(entry for entry in kept if entry["fieldsV1"])]


def _is_of_helm(entry: Fields) -> bool:
    return (entry["manager"], entry["operation"]) == (HELM, "Apply") and "subresource" not in entry


def _lacking(entry: Fields, desired: Object) -> dict[str, Any]:
    """The fields of `spec` in an entry of somebody who set them once, which a manifest lacks."""
    manager, subresource = text(entry, "manager"), text(entry, "subresource")
    applies = text(entry, "operation") == "Apply"
    if manager in OWN or is_standing(manager, subresource=subresource, applies=applies):
        return {}
    fields = {"f:spec": part(entry, "fieldsV1", "f:spec")}
    return _absent(fields, desired) if "spec" in desired else {}


def _absent(fields: Fields, value: Any) -> dict[str, Any]:
    """The part of a tree of fields that a value lacks, below what it has; without metadata."""
    result: dict[str, Any] = {}
    for key, inner in fields.items():
        kind, _, name = key.partition(":")
        if kind == "f" and isinstance(value, Mapping) and name != "metadata":
            found = _absent(inner, value[name]) if name in value else inner
            result |= {key: found} if found or name not in value else {}
        elif kind == "k" and isinstance(value, list):
            item = next((one for one in value if is_item(one, json.loads(name).items())), None)
            found = _absent(inner, item) if item is not None else {}
            result |= {key: found} if found else {}
    return result


def _paths(fields: Fields, above: str = "") -> Iterator[str]:
    """The paths of a tree of fields, as the API server writes them."""
    for key, inner in fields.items():
        kind, _, name = key.partition(":")
        if kind == "f":
            path = f"{above}.{name}"
        elif kind == "k":
            pairs = (f"{key}={json.dumps(value)}" for key, value in json.loads(name).items())
            path = f"{above}[{','.join(pairs)}]"
        else:
            continue
        below = list(_paths(inner, path))
        yield from below or [path]


def _without(entry: Fields, taken: Fields) -> Fields:
    return {**entry, "fieldsV1": _less(part(entry, "fieldsV1"), taken)}


def _less(fields: Fields, taken: Fields) -> Fields:
    """A tree of fields without those of another."""
    result: dict[str, Any] = {}
    for key, inner in fields.items():
        if key not in taken:
            result[key] = inner
        elif left := _less(inner, taken[key]):
            result[key] = left
    return result
