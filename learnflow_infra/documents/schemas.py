"""Validate documents by the JSON Schemas of learnflow_infra/schemas; specs/ has copies."""

import functools
import json
from pathlib import Path
from typing import Any

from learnflow_infra.documents.composer import Path as Keys
from learnflow_infra.documents.reading import read
from learnflow_infra.errors import InputError
from learnflow_infra.models import Document


def check(path: Path, document: Document, schema: str) -> None:
    """Validate a document of the file `path` by a schema.

    Raises:
        InputError: with every violation and its line.
    """
    faults = sorted(schema_faults(document, schema), key=lambda fault: fault[0])
    if not faults:
        return
    parsed = read(path)
    lines = [f"{path}:{parsed.line(keys) or 1}: {text}" for keys, text in faults]
    raise InputError(
        lines[0], why="\n".join(lines[1:]), remedy=f"Its schema: {schema_path(schema)}"
    )


def schema_path(schema: str) -> Path:
    """The file of a schema."""
    return Path(__file__).parents[1] / "schemas" / f"{schema}.schema.json"


def schema_faults(document: Any, schema: str) -> list[tuple[Keys, str]]:
    """The path and description of every violation of a schema."""
    return [
        (tuple(error.absolute_path) + _offender(error), error.message)
        for error in _validator(schema).iter_errors(document)
    ]


def _offender(error: Any) -> Keys:
    """The unknown key, so that its line is reported instead of its parent's."""
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        return tuple(key for key in error.instance if key not in known)[:1]
    return ()


@functools.cache
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 80 ms that few verbs need

    document = json.loads(schema_path(schema).read_text(encoding="utf-8"))
    return Draft202012Validator(document, format_checker=Draft202012Validator.FORMAT_CHECKER)
