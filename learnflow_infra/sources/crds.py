"""Pure: custom resources against the CRDs that a chart brings, without a cluster.

The rules are those of structural schemas (Kubernetes, "Extend the Kubernetes API with
CustomResourceDefinitions"): what a schema does not name is unknown, unless it is preserved.
What CEL rules and webhooks say, only a server can tell.
"""

from collections.abc import Sequence
from typing import Any

from jsonschema import Draft202012Validator

from learnflow_infra.models import Document

_PRESERVE, _INT_OR_STRING = "x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string"
_EMBEDDED = "x-kubernetes-embedded-resource"
_ROOT = ("apiVersion", "kind", "metadata")


def faults(obj: Document, crds: Sequence[Document]) -> list[str]:
    """Where an object departs from its CRD; nothing for kinds that none of the CRDs defines."""
    schema = _schema(obj, crds)
    if schema is None:
        return []
    if isinstance(schema, str):
        return [schema]
    body = {key: value for key, value in obj.items() if key not in _ROOT}
    errors = Draft202012Validator(strict(schema)).iter_errors(body)
    return sorted(f"{_path(error)}: {error.message[:300]}" for error in errors)


def _schema(obj: Document, crds: Sequence[Document]) -> Document | str | None:
    """The schema of an object's version; a text where its CRD does not serve that version."""
    group, _, version = obj["apiVersion"].rpartition("/")
    for crd in crds:
        spec = crd["spec"]
        if (spec["group"], spec["names"]["kind"]) != (group, obj["kind"]):
            continue
        served = {item["name"]: item for item in spec["versions"] if item.get("served")}
        if version not in served:
            return f"its CRD serves {', '.join(served) or 'no version'}, not {version}"
        found: Document = served[version].get("schema", {}).get("openAPIV3Schema", {})
        root = {k: v for k, v in found.get("properties", {}).items() if k not in _ROOT}
        return {**found, "properties": root, "required": _required(found)}
    return None


def _required(schema: Document) -> list[str]:
    return [name for name in schema.get("required", ()) if name not in _ROOT]


def strict(schema: Document) -> Document:
    """A structural schema as JSON Schema that refuses what it does not name."""
    if schema.get(_INT_OR_STRING):
        return {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    made = {key: value for key, value in schema.items() if key in _KEPT}
    if schema.get("nullable") and "type" in made:
        made["type"] = [made["type"], "null"]
        made |= {"enum": [*made["enum"], None]} if "enum" in made else {}
    if "properties" in schema or made.get("type") == "object":
        made |= _object(schema)
    if "items" in schema:
        made["items"] = strict(schema["items"])
    for word in ("allOf", "anyOf", "oneOf"):
        if word in schema:
            made[word] = [_within(part) for part in schema[word]]
    return made | ({"not": _within(schema["not"])} if "not" in schema else {})


_KEPT = {
    *("type", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems"),
    *("minProperties", "maxProperties", "required"),
}


def _object(schema: Document) -> Document:
    properties = {name: strict(part) for name, part in schema.get("properties", {}).items()}
    if schema.get(_EMBEDDED):
        properties = {name: {} for name in _ROOT} | properties
    more = schema.get("additionalProperties")
    free = bool(schema.get(_PRESERVE)) or more is True
    others: Any = strict(more) if isinstance(more, dict) else free
    return {"properties": properties, "additionalProperties": others}


def _within(schema: Document) -> Document:
    """Below a logical word a schema only narrows: it names no new fields."""
    made: Document = {key: value for key, value in schema.items() if key in _KEPT}
    if "properties" in schema:
        made["properties"] = {name: _within(part) for name, part in schema["properties"].items()}
    if "items" in schema:
        made["items"] = _within(schema["items"])
    for word in ("allOf", "anyOf", "oneOf"):
        if word in schema:
            made[word] = [_within(part) for part in schema[word]]
    return made | ({"not": _within(schema["not"])} if "not" in schema else {})


def _path(error: Any) -> str:
    return ".".join(str(part) for part in error.absolute_path) or "the resource"
