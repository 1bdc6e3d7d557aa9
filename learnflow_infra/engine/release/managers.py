"""Pure: who else set the fields of an object, as the API server reports conflicts of an apply.

Source: NewConflictError of apiserver's fieldmanager, and PathElement.String of
structured-merge-diff.
"""

import base64
import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from learnflow_infra.clients.field_managers import OWN, SCALE, is_standing
from learnflow_infra.fields import at
from learnflow_infra.objects import Object

_GROUP = re.compile(
    r'conflicts? with "(?P<manager>[^"]*)"(?: with subresource "(?P<subresource>[^"]*)")?'
    r"(?P<update> using [^\s:]+(?: at \S+?)?)?:(?P<fields>(?: |\n- ).*?)(?=\nconflicts? with|\Z)",
    re.DOTALL,
)
_ELEMENT = re.compile(r'\[((?:[^"\]]|"(?:[^"\\]|\\.)*")*)\]')
_PAIR = re.compile(r'(\w*)=("(?:[^"\\]|\\.)*"|[^,]+)')


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """A field that somebody else set to another value than the manifest has.

    `field` is written as by the API server (`.spec.replicas`). `standing`: its manager will set
    it again, such as an autoscaler, or owns it by an apply; else it was set once, as by hand.
    """

    field: str
    manager: str
    subresource: str = ""
    standing: bool = False

    @property
    def is_own(self) -> bool:
        """Whether helm or this program set it."""
        return self.manager in OWN

    @property
    def who(self) -> str:
        """The manager, for people."""
        return f"{self.manager} ({self.subresource})" if self.subresource else self.manager

    def __str__(self) -> str:
        """`.spec.replicas, set by kubectl (scale)`."""
        return f"{self.field}, set by {self.who}"


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """What hinders helm's server-side apply of an object.

    `conflicts` are with others, `own` is one with helm's patches or with this program. `invalid`:
    fields of the live object that an apply does not remove make the new object invalid.
    """

    obj: Object
    conflicts: Sequence[Conflict] = ()
    own: bool = False
    invalid: bool = False


def helm_options(method: str, obstacles: Sequence[Obstacle]) -> list[str]:
    """The options with which helm gets over obstacles, once that is allowed.

    Helm's own patches (`csa`) meet none, and refuse --force-conflicts. They remove what an apply
    leaves, such as `rollingUpdate` of a strategy that becomes Recreate. Helm keeps to the method
    of the last revision.

    Args:
        method: by which helm would send the release, see `Rendered`.
        obstacles: of its objects.
    """
    if method != "ssa":
        return []
    if any(item.invalid for item in obstacles):
        return ["--server-side=false"]
    forced = any(item.own or item.conflicts for item in obstacles)
    return ["--force-conflicts"] if forced else []


def foreign(message: str) -> list[Conflict]:
    """The conflicts with others in the API server's refusal of an apply; empty if it has none."""
    return [
        found
        for group in _GROUP.finditer(message)
        for found in _of_group(group)
        if not found.is_own
    ]


def has_own(message: str) -> bool:
    """Whether the refusal of an apply names helm or this program."""
    return any(found.is_own for group in _GROUP.finditer(message) for found in _of_group(group))


def _of_group(group: re.Match[str]) -> Iterator[Conflict]:
    manager, subresource = group["manager"], group["subresource"] or ""
    standing = is_standing(manager, subresource=subresource, applies=group["update"] is None)
    for field in re.split(r"\n- |^ ", group["fields"]):
        if field.strip():
            yield Conflict(
                field=field.strip(), manager=manager, subresource=subresource, standing=standing
            )


UNKNOWN = "somebody"


def scaled_to_none(desired: Object, live: Object) -> list[Conflict]:
    """The conflict about an object that somebody scaled to 0, which the API server does not tell.

    It records who set the fields of a Scale, and a Scale leaves out a number that is 0.
    """
    replicas, now = (at(obj, "spec", "replicas") for obj in (desired, live))
    if now != 0 or type(replicas) is not int or replicas == 0:
        return []
    return [Conflict(field=".spec.replicas", manager=UNKNOWN, subresource=SCALE)]


def as_helm(desired: Object, marks: Mapping[str, Mapping[str, str]]) -> Object:
    """An object as it is applied in the name of helm: with the marks that helm adds to it.

    An apply removes the fields of its manager that it no longer has. A Secret gets its `data` from
    `stringData`, for which the API server finds no conflicts.

    Args:
        desired: as in a `Manifest`.
        marks: labels and annotations, by these names.
    """
    metadata: Any = dict(desired["metadata"])
    for name, own in marks.items():
        if own:
            metadata[name] = {**(metadata.get(name) or {}), **own}
    sent: Any = {**desired, "metadata": metadata}
    texts, data = sent.get("stringData"), sent.get("data") or {}
    of_texts = isinstance(texts, dict) and all(isinstance(v, str) for v in texts.values())
    if sent["kind"] == "Secret" and texts and of_texts and isinstance(data, dict):
        coded = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
        sent["data"] = {**data, **coded}
        del sent["stringData"]
    return sent  # type: ignore[no-any-return]


def without(obj: Object, fields: Iterable[str]) -> Object:
    """An object without fields, which an apply then leaves to their managers.

    Args:
        obj: as in a `Manifest`.
        fields: as the API server writes them; those that it does not have are ignored.
    """
    return functools.reduce(_without, fields, obj)


def _without(value: Any, path: str) -> Any:
    """A value without what is at the path; the same one if nothing is. Keys may have dots."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            rest = path.removeprefix(f".{key}")
            if rest == "":
                return {name: other for name, other in value.items() if name != key}
            if rest != path and (inner := _without(item, rest)) is not item:
                return {**value, key: inner}
    element = _ELEMENT.match(path)
    if isinstance(value, list) and element:
        rest = path[element.end() :]
        for index, item in enumerate(value):
            if not _is(item, index, element[1]):
                continue
            inner = _without(item, rest) if rest else item
            new = [inner] if rest else []
            return value if rest and inner is item else [*value[:index], *new, *value[index + 1 :]]
    return value


def _is(item: Any, index: int, label: str) -> bool:
    """Whether the API server names an item of a list so; a manifest may lack a key's default."""
    if label.isdigit():
        return index == int(label)
    pairs = [(name, json.loads(text)) for name, text in _PAIR.findall(label)]
    return is_item(item, pairs) if isinstance(item, Mapping) else pairs == [("", item)]


def is_item(item: Any, pairs: Iterable[tuple[str, Any]]) -> bool:
    """Whether an item of a list has these keys; a manifest may lack a key's default."""
    known = [item[name] == wanted for name, wanted in pairs if name in item]
    return bool(known) and all(known)
