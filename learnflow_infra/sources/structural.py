"""Pure: structural schemas of CRDs, as the API server reads them, made JSON Schemas.

Source: Kubernetes, "Extend the Kubernetes API with CustomResourceDefinitions"
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/).
What a schema does not name is unknown, unless it is preserved; a null that is not allowed
counts as left out; defaults are filled in before anything is required. What CEL rules, most
formats and webhooks say, only a server can tell.
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
    """Where a value departs from a structural schema."""
    validator = _Validator(strict(schema))
    found: Iterator[ValidationError] = validator.iter_errors(filled(value, schema))
    return found


def filled(value: Any, schema: Schema) -> Any:
    """The value with what the server adds and drops: defaults, and nulls that are not allowed."""
    if isinstance(value, list):
        return [filled(item, schema.get("items", {})) for item in value]
    if not isinstance(value, dict):
        return value
    named, more = schema.get("properties", {}), schema.get("additionalProperties")
    other = more if isinstance(more, dict) else {"nullable": True}
    given = {
        key: filled(item, named.get(key, other))
        for key, item in value.items()
        if item is not None or named.get(key, other).get("nullable")
    }
    defaults = {key: part["default"] for key, part in named.items() if "default" in part}
    return {key: filled(item, named[key]) for key, item in defaults.items()} | given


def strict(schema: Schema) -> Schema:
    """A structural schema as JSON Schema that refuses what it does not name."""
    made = _narrowed(schema)
    if schema.get(_INT_OR_STRING):
        made["type"] = ["integer", "string"]
    if schema.get("nullable") and "type" in made:
        kinds = made["type"] if isinstance(made["type"], list) else [made["type"]]
        made["type"] = [*kinds, "null"]
    if "properties" in schema or schema.get("type") == "object":
        made |= _fields(schema, made)
    if "items" in schema:
        made["items"] = strict(schema["items"])
    return made


def _fields(schema: Schema, made: Schema) -> Schema:
    properties = {name: strict(part) for name, part in schema.get("properties", {}).items()}
    required = made.get("required", [])
    if schema.get(_EMBEDDED):
        properties = _OBJECT | properties
        required = [*required, "apiVersion", "kind"]
    more = schema.get("additionalProperties")
    free = bool(schema.get(_PRESERVE)) or more is True
    others: Any = strict(more) if isinstance(more, dict) else free
    return {"properties": properties, "additionalProperties": others, "required": required}


def _narrowed(schema: Schema) -> Schema:
    """What a schema says of values. Below a logical word it says no more: it names no fields."""
    made: Schema = {key: value for key, value in schema.items() if key in _KEPT}
    for word, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if schema.get(word) is True and limit in made:  # OpenAPI 3.0: a switch of the limit
            made[word] = made.pop(limit)
    if "properties" in schema:
        made["properties"] = {name: _narrowed(part) for name, part in schema["properties"].items()}
    if "items" in schema:
        made["items"] = _narrowed(schema["items"])
    for word in ("allOf", "anyOf", "oneOf"):
        if word in schema:
            made[word] = [_narrowed(part) for part in schema[word]]
    if "not" in schema:
        made["not"] = _narrowed(schema["not"])
    return made | _pattern(schema) | _whole(schema, made)


def _pattern(schema: Schema) -> Schema:
    """A pattern that Python knows; in Go a last `$` is the very end."""
    text = str(schema.get("pattern", ""))
    if text.endswith("$") and not text.endswith("\\$"):
        text = text[:-1] + r"\Z"
    try:
        re.compile(text)
    except re.error:
        return {}  # Go's own syntax: left to the server
    return {"pattern": text} if text else {}


def _whole(schema: Schema, made: Schema) -> Schema:
    """The range of whole numbers: the server's integers have 64 bits, whatever their format."""
    if schema.get("type") != "integer" and not schema.get(_INT_OR_STRING):
        return {}
    within = {"minimum": -(2**63), "maximum": 2**63 - 1}
    return {"allOf": [*made.get("allOf", ()), within]}


def _unknown(validator: Any, allowed: Any, value: Any, schema: Schema) -> Iterator[Any]:
    """`additionalProperties`, with an error for each unknown field and what was meant."""
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
    """Lists that are sets, or maps by some keys, hold nothing twice."""
    if kind == "atomic" or not isinstance(value, list):
        return
    keys = schema.get(_LIST_KEYS, ())
    seen = set()
    for index, item in enumerate(value):
        mapping = kind == "map" and isinstance(item, dict)
        what = json.dumps([item.get(key) for key in keys] if mapping else item, sort_keys=True)
        if what in seen:
            yield ValidationError(f"{what} stands twice", path=[index])
        seen.add(what)


_Validator: Any = validators.extend(  # type: ignore[no-untyped-call] # jsonschema's own stubs
    Draft202012Validator, {"additionalProperties": _unknown, _LIST: _list_type}
)
