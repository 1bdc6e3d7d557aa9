"""Pure: validate custom resources by the CRDs of their chart, without a cluster."""

from collections.abc import Sequence
from typing import Any

from learnflow_infra.objects import Fields, Object

ROOT = ("apiVersion", "kind", "metadata")
"""Fields of every object; the server validates them without the CRD's schema."""
LONGEST = 300
"""Maximum length of one message, in characters."""


def faults(obj: Object, crds: Sequence[Object]) -> list[str]:
    """The violations of an object's CRD schema; empty for kinds without a CRD in `crds`.

    Types, enums, ranges, patterns, required and unknown fields are checked; CEL rules and
    webhooks are not.
    """
    schema = _schema(obj, crds)
    if schema is None:
        return []
    if isinstance(schema, str):
        return [schema]
    from learnflow_infra.sources import structural  # noqa: PLC0415 - 80 ms that few verbs need

    body = {key: value for key, value in obj.items() if key not in ROOT}
    return sorted(
        f"{_path(error)}: {error.message[:LONGEST]}" for error in structural.errors(body, schema)
    )


def _schema(obj: Object, crds: Sequence[Object]) -> dict[str, Any] | str | None:
    """The schema of an object's version, or an error text if its CRD does not serve it."""
    group, _, version = obj["apiVersion"].rpartition("/")
    for crd in crds:
        spec = crd["spec"]
        if (spec["group"], spec["names"]["kind"]) != (group, obj["kind"]):
            continue
        served = {item["name"]: item for item in spec["versions"] if item.get("served")}
        if version not in served:
            return f"its CRD serves {', '.join(served) or 'no version'}, not {version}"
        schema: Fields = served[version].get("schema", {}).get("openAPIV3Schema", {})
        properties = {k: v for k, v in schema.get("properties", {}).items() if k not in ROOT}
        required = [name for name in schema.get("required", ()) if name not in ROOT]
        return {**schema, "type": "object", "properties": properties, "required": required}
    return None


def _path(error: Any) -> str:
    return ".".join(str(part) for part in error.absolute_path) or "the resource"
