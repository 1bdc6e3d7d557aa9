"""YAML and JSON documents: read, write, merge, and validate by the project's schemas."""

from learnflow_infra.documents.composer import Path as Keys
from learnflow_infra.documents.reading import Parsed, line_of, load, parse, parse_all, read
from learnflow_infra.documents.schemas import check, schema_faults, schema_path
from learnflow_infra.documents.writing import dump, dump_all

__all__ = [
    "Keys",
    "Parsed",
    "check",
    "dump",
    "dump_all",
    "line_of",
    "load",
    "parse",
    "parse_all",
    "read",
    "schema_faults",
    "schema_path",
]
