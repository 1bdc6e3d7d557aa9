"""Rows of the tables of values, by Helm's major version; and flags as they are laid on."""

from learnflow_infra.dialect import HELM_3, HELM_4
from learnflow_infra.documents import reading
from learnflow_infra.documents.merging import merge
from learnflow_infra.values.assign import assign
from learnflow_infra.values.grammar import json_object, parse

DIALECTS = {3: HELM_3, 4: HELM_4}


def rows(table, major):
    """The rows for a major version: a row may have what differs below that number."""
    return [{**row, **row.get(major, {})} for row in table]


def parser(dialect):
    """The reader of values files."""
    return reading.parse_merged if dialect.all_documents else reading.parse


def laid(document, flag, text, read_text, dialect):
    """A document with a flag's values."""
    whole = json_object(text) if flag == "--set-json" and dialect.json_objects else None
    if whole is not None:
        return merge(document, whole)
    for assignment in parse(flag, text, read_text, dialect):
        assign(document, assignment)
    return document
