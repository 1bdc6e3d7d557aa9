"""Write YAML that Helm and Kubernetes read as the same values."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from learnflow_infra.documents import scalars


class _Dumper(yaml.SafeDumper):
    """Quotes every text that would not be a string without quotes."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = None if scalars.plain(text) == text else "'"
    if "\n" in text:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def dump(document: Mapping[str, object], *, sort_keys: bool = False) -> str:
    """A document as YAML."""
    return dump_all([document], sort_keys=sort_keys)


def dump_all(documents: Iterable[Mapping[str, object]], *, sort_keys: bool = False) -> str:
    """A stream of documents as YAML."""
    return yaml.dump_all(
        documents, Dumper=_Dumper, sort_keys=sort_keys, allow_unicode=True, width=100
    )
