"""Pure: rights in the terms of Kubernetes' RBAC.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ and the texts of
NewForbidden (apimachinery's api/errors) and forbiddenMessage (apiserver's responsewriters).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Rule = Mapping[str, Any]
"""A PolicyRule or a ResourceRule: `verbs`, `apiGroups`, `resources`, `resourceNames`."""
ANY = "*"
_DENIED = re.compile(
    r'cannot (?P<verb>[a-z]+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]+)")?'
)
_DENIALS = re.compile(
    rf'{_DENIED.pattern}|is forbidden: User "[^"]*" cannot|cannot [a-z]+ (?:resource|path) "'
    r"|attempting to grant RBAC"
)


@dataclass(frozen=True, kw_only=True, order=True)
class Right:
    """A verb on a resource (`pods`, `pods/exec`) of an API group.

    `namespace` is "" for the whole cluster, `name` "" for objects of any name.
    """

    group: str = ""
    resource: str
    verb: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        """`create statefulsets.apps in the namespace learnflow`."""
        group = f".{self.group}" if self.group else ""
        plural, _, sub = self.resource.partition("/")
        name = f" {self.name}" if self.name else ""
        where = f"in the namespace {self.namespace}" if self.namespace else "in the whole cluster"
        return f"{self.verb} {plural}{group}{f'/{sub}' if sub else ''}{name} {where}"


EVERYTHING = Right(group=ANY, resource=ANY, verb=ANY)
"""What a cluster's administrator may."""
LIST_NODES = Right(resource="nodes", verb="list")
"""Without it, the addresses of node ports are unknown."""


def lacks_right(text: str) -> bool:
    """Whether a refusal is one of authorization, and not of a quota or an admission policy."""
    return bool(_DENIALS.search(text))


def denied(text: str) -> Right | None:
    """The first right that a refusal of the API server names; None if it names none."""
    found = _DENIED.search(text)
    if not found:
        return None
    return Right(
        verb=found["verb"],
        group=found["group"],
        resource=found["resource"],
        namespace=found["namespace"] or "",
    )


def granted(rules: Iterable[Rule], right: Right) -> bool:
    """Whether one of the rules of a right's namespace allows it."""
    return any(_allows(rule, right) for rule in rules)


def _allows(rule: Rule, right: Right) -> bool:
    sub = right.resource.partition("/")[2]
    resources = {right.resource, ANY, *([f"{ANY}/{sub}"] if sub else [])}
    names = rule.get("resourceNames") or ()
    return (
        bool({right.verb, ANY} & set(rule.get("verbs") or ()))
        and bool({right.group, ANY} & set(rule.get("apiGroups") or ()))
        and bool(resources & set(rule.get("resources") or ()))
        and (not names or right.name in names)
    )


def rules(needed: Iterable[Right]) -> list[dict[str, list[str]]]:
    """The rules of a Role or ClusterRole that allows these rights, and nothing else.

    Resources with the same verbs share a rule.
    """
    verbs: dict[tuple[str, str, str], set[str]] = {}
    for right in needed:
        verbs.setdefault((right.group, right.name, right.resource), set()).add(right.verb)
    shared: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (group, name, resource), allowed in sorted(verbs.items()):
        shared.setdefault((group, name, tuple(sorted(allowed))), []).append(resource)
    return [
        {
            "apiGroups": [group],
            "resources": resources,
            **({"resourceNames": [name]} if name else {}),
            "verbs": list(allowed),
        }
        for (group, name, allowed), resources in shared.items()
    ]


def listed(missing: Sequence[Right]) -> list[str]:
    """The rights as text, with the verbs of one resource in one line."""
    verbs: dict[Right, list[str]] = {}
    for right in sorted(missing):
        key = Right(
            group=right.group, resource=right.resource, verb="", namespace=right.namespace,
            name=right.name,
        )  # fmt: skip
        verbs.setdefault(key, []).append(right.verb)
    return [", ".join(each) + str(key) for key, each in verbs.items()]
