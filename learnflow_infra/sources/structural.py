"""Pure: convert structural schemas of CRDs to JSON Schemas with the API server's semantics.

Source: Kubernetes, "Extend the Kubernetes API with CustomResourceDefinitions"
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/).
A field that the schema does not name is unknown, unless unknown fields are preserved. A null
in a field that is not nullable is dropped. Defaults are set before required fields are checked.
CEL rules, most formats and webhooks are not checked; only a server can evaluate them.
"""

import difflib
import json
import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators

_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_INT_OR_STRING = "x-kubernetes-int-or-string"
_EMBEDDED = "x-kubernetes-embedded-resource"
_LIST, _LIST_KEYS = "x-kubernetes-list-type", "x-kubernetes-list-map-keys"
_KEPT = {
    *("type", "enum", "minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems"),
    *("maxItems", "minProperties", "maxProperties", "required", _LIST, _LIST_KEYS),
}
Schema = dict[str, Any]
"""A schema of OpenAPI v3, as a CRD has it."""
_NAME: Schema = {"type": "string", "minLength": 1}
_OBJECT: Schema = {"apiVersion": _NAME, "kind": _NAME, "metadata": {"type": "object"}}


def errors(value: Any, schema: Schema) -> Iterator[ValidationError]:
    """The violations of a structural schema."""
    validator = _Validator(strict(schema))
    violations: Iterator[ValidationError] = validator.iter_errors(filled(value, schema))
    return violations


def filled(value: Any, schema: Schema) -> Any:
    """The value with defaults set and nulls dropped, as the server does before validation."""
    if isinstance(value, list):
        return [filled(item, schema.get("items", {})) for item in value]
    if not isinstance(value, dict):
        return value
    named, more = schema.get("properties", {}), schema.get("additionalProperties")
    other = more if isinstance(more, dict) else {"nullable": True}
    present = {
        key: filled(item, named.get(key, other))
        for key, item in value.items()
        if item is not None or named.get(key, other).get("nullable")
    }
    defaults = {key: part["default"] for key, part in named.items() if "default" in part}
    return {key: filled(item, named[key]) for key, item in defaults.items()} | present


def strict(schema: Schema) -> Schema:
    """The JSON Schema of a structural schema; it forbids unknown fields."""
    result = _narrowed(schema)
    if schema.get(_INT_OR_STRING):
        result["type"] = ["integer", "string"]
    if schema.get("nullable") and "type" in result:
        kinds = result["type"] if isinstance(result["type"], list) else [result["type"]]
        result["type"] = [*kinds, "null"]
    if "properties" in schema or schema.get("type") == "object":
        result |= _fields(schema, result)
    if "items" in schema:
        result["items"] = strict(schema["items"])
    return result


def _fields(schema: Schema, result: Schema) -> Schema:
    properties = {name: strict(part) for name, part in schema.get("properties", {}).items()}
    required = result.get("required", [])
    if schema.get(_EMBEDDED):
        properties = _OBJECT | properties
        required = [*required, "apiVersion", "kind"]
    more = schema.get("additionalProperties")
    free = bool(schema.get(_PRESERVE)) or more is True
    others: Any = strict(more) if isinstance(more, dict) else free
    return {"properties": properties, "additionalProperties": others, "required": required}


def _narrowed(schema: Schema) -> Schema:
    """The constraints on values, without the check for unknown fields.

    Below `allOf`, `anyOf`, `oneOf` and `not` a structural schema has only these.
    """
    result: Schema = {key: value for key, value in schema.items() if key in _KEPT}
    for word, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if schema.get(word) is True and limit in result:  # OpenAPI 3.0: a switch of the limit
            result[word] = result.pop(limit)
    if "properties" in schema:
        result["properties"] = {
            name: _narrowed(part) for name, part in schema["properties"].items()
        }
    if "items" in schema:
        result["items"] = _narrowed(schema["items"])
    for word in ("allOf", "anyOf", "oneOf"):
        if word in schema:
            result[word] = [_narrowed(part) for part in schema[word]]
    if "not" in schema:
        result["not"] = _narrowed(schema["not"])
    return result | _pattern(schema) | _whole(schema, result)


def _pattern(schema: Schema) -> Schema:
    """The pattern in Python's syntax; in Go a final `$` matches only the very end."""
    text = str(schema.get("pattern", ""))
    if text.endswith("$") and not text.endswith("\\$"):
        text = text[:-1] + r"\Z"
    try:
        re.compile(text)
    except re.error:
        return {}  # syntax of Go only: the server checks it
    return {"pattern": text} if text else {}


def _whole(schema: Schema, result: Schema) -> Schema:
    """The range of integers: they have 64 bits in the server, whatever their format."""
    if schema.get("type") != "integer" and not schema.get(_INT_OR_STRING):
        return {}
    within = {"minimum": -(2**63), "maximum": 2**63 - 1}
    return {"allOf": [*result.get("allOf", ()), within]}


def _unknown(validator: Any, allowed: Any, value: Any, schema: Schema) -> Iterator[Any]:
    """`additionalProperties` with an error, and a suggestion, for each unknown field."""
    known = schema.get("properties", {})
    for key in value if isinstance(value, dict) else ():
        if key in known or allowed is True:
            continue
        if allowed is not False:
            yield from validator.descend(value[key], allowed, path=key)
            continue
        near = difflib.get_close_matches(str(key), known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        yield ValidationError(f"the field is unknown.{hint}", path=[key])


def _list_type(_validator: Any, kind: str, value: Any, schema: Schema) -> Iterator[Any]:
    """`x-kubernetes-list-type`: sets and maps have no duplicate items."""
    if kind == "atomic" or not isinstance(value, list):
        return
    keys = schema.get(_LIST_KEYS, ())
    seen = set()
    for index, item in enumerate(value):
        mapping = kind == "map" and isinstance(item, dict)
        identity = json.dumps([item.get(key) for key in keys] if mapping else item, sort_keys=True)
        if identity in seen:
            yield ValidationError(f"{identity} is listed twice", path=[index])
        seen.add(identity)


def _multiple_of(
    validator: Any, factor: float, value: Any, schema: Schema
) -> Iterator[ValidationError]:
    """Jsonschema's check, and the API server's: a number above 64 bits is a float there.

    Source: kube-openapi, pkg/validation/validate, MultipleOf: its quotient has to be below 2**53.
    """
    big = isinstance(value, int) and not -(2**63) <= value < 2**63
    if big and abs(value / factor) >= 2**53:
        yield ValidationError(f"{value} is not a multiple of {factor}")
    else:
        yield from Draft202012Validator.VALIDATORS["multipleOf"](validator, factor, value, schema)


_Validator: Any = validators.extend(  # type: ignore[no-untyped-call] # jsonschema's own stubs
    Draft202012Validator,
    {"additionalProperties": _unknown, "multipleOf": _multiple_of, _LIST: _list_type},
)
