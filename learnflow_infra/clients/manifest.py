"""The manifest of a release, parsed once."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from learnflow_infra.documents.reading import parse_all, parts
from learnflow_infra.fields import part
from learnflow_infra.hooks import is_hook
from learnflow_infra.objects import Fields, Object

_MARKED = ("labels", "annotations")
_IDENTITY = ("apiVersion", "kind")
_SOURCE = re.compile(r"^# Source: (\S.*)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A chart as helm rendered it: YAML, and its Kubernetes objects.

    `hook_texts` are the manifests of hooks; `helm template` has them in `text` instead. Each
    text is parsed on first access to its objects. Items of lists are objects of their own, as
    for helm, and objects that helm cannot handle are `faults` instead.
    """

    text: str = ""
    hook_texts: tuple[str, ...] = ()

    @cached_property
    def objects(self) -> tuple[Object, ...]:
        """The objects of `text` as helm sends them to the API server, in its order."""
        return tuple(_sent(document) for document in self._documents if not _fault(document))

    @cached_property
    def hooks(self) -> tuple[Object, ...]:
        """The objects of the chart's hooks.

        Where the API server generates the name, the object has its prefix instead.
        """
        return tuple(_sent(document) for document in self._hooks if not _fault(document))

    @property
    def with_hooks(self) -> tuple[Object, ...]:
        """All objects, those of hooks last."""
        return (*self.objects, *self.hooks)

    @property
    def faults(self) -> list[str]:
        """What is wrong with documents that are no objects for helm, each with its template."""
        faults = ((document, _fault(document)) for document in (*self._documents, *self._hooks))
        return [f"{self._where(document)}: {fault}" for document, fault in faults if fault]

    def source(self, obj: Object) -> str:
        """The template of an object, as helm's comment names it; "" if there is none."""
        for text in (*parts(self.text), *self.hook_texts):
            source = _SOURCE.search(text)
            if source and obj in _forms(text):
                return source[1].strip()
        return ""

    @cached_property
    def _documents(self) -> tuple[Fields, ...]:
        documents = _flat(*parse_all(self.text))
        return tuple(_named(item) if is_hook(item) else item for item in documents)

    @cached_property
    def _hooks(self) -> tuple[Fields, ...]:
        documents = _flat(*(item for text in self.hook_texts for item in parse_all(text)))
        return tuple(map(_named, documents))

    def _where(self, document: Fields) -> str:
        source = self.source(_sent(document))
        kind, name = document.get("kind"), part(document, "metadata").get("name")
        return ": ".join(filter(None, [source, f"{kind or 'an object'}/{name or '(no name)'}"]))


def _flat(*documents: Fields) -> Iterator[Fields]:
    """Documents, with the items of lists in place of the lists.

    Items of a typed list such as ConfigMapList need not repeat its kind.

    Source: the flattening visitor of cli-runtime's pkg/resource.
    """
    for document in documents:
        kind, items = str(document.get("kind")), document.get("items")
        if not kind.endswith("List") or not isinstance(items, list):
            yield document
            continue
        typed = kind != "List"
        inherited = {"kind": kind.removesuffix("List"), "apiVersion": document.get("apiVersion")}
        objects = (item for item in items if isinstance(item, dict))
        yield from _flat(*({**inherited, **item} if typed else item for item in objects))


def _named(document: Fields) -> Fields:
    """A hook's object with a name: its prefix, where the API server generates the name."""
    metadata = part(document, "metadata")
    prefix = metadata.get("generateName")
    if not prefix or metadata.get("name"):
        return document
    return {**document, "metadata": {**metadata, "name": prefix}}


def _forms(text: str) -> list[Object]:
    """The objects of a text as `Manifest` has them, in `objects` and in `hooks`."""
    documents = list(_flat(*parse_all(text)))
    return [*map(_sent, documents), *map(_sent, map(_named, documents))]


def _fault(document: Fields) -> str:
    """Why helm cannot handle a document; "" if it can."""
    for key in _IDENTITY:
        if not _is_text(document.get(key)):
            return f"{key} is not set"
    if not isinstance(document.get("metadata") or {}, dict):
        return "metadata is not a mapping"
    metadata = part(document, "metadata")
    name, prefix = metadata.get("name"), metadata.get("generateName")
    if prefix and name in {None, prefix}:
        return "" if _kept(document) else "metadata.generateName: helm needs metadata.name instead"
    if _is_text(name):
        return ""
    return "metadata.name is not set" if "name" not in metadata else "metadata.name is not a text"


def _kept(document: Fields) -> bool:
    """Whether the object is a hook that helm never deletes by its name before it has failed."""
    annotations = part(document, "metadata", "annotations")
    return is_hook(document) and annotations.get("helm.sh/hook-delete-policy") == "hook-failed"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _sent(document: Fields) -> Object:
    """An object with the metadata that helm sends, without helm's own labels and annotations.

    Helm reads labels and annotations by NestedNullCoercingStringMap of apimachinery: a null
    becomes an empty text, and none of them are left if another value is not a string.

    Source: setMetadataVisitor of helm's pkg/action.
    """
    metadata = part(document, "metadata")
    kept = {
        key: _texts(value) if key in _MARKED else value
        for key, value in metadata.items()
        if key not in _MARKED or _are_texts(value)
    }
    unchanged = kept == document.get("metadata")
    sent: Any = document if unchanged else {**document, "metadata": kept}
    return sent  # type: ignore[no-any-return]


def _are_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(v, str | None) for v in value.values())


def _texts(value: Mapping[str, str | None]) -> dict[str, str]:
    return {key: text or "" for key, text in value.items()}
