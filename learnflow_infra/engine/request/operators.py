"""Operators that others run in the cluster, in place of which a release would bring its own.

An operator watches namespaces by a variable of its Deployment. Its cluster roles exist once in a
cluster, so that a second one cannot be installed beside it.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from learnflow_infra.clients.api_errors import ForbiddenError, NotFoundError
from learnflow_infra.clients.kube import Kube
from learnflow_infra.errors import InputError
from learnflow_infra.fields import at, items, text
from learnflow_infra.models import OperatorSpec, Profile, Release, ReleaseName
from learnflow_infra.objects import Object
from learnflow_infra.references import parse
from learnflow_infra.versions import minor

DEPLOYMENTS = "/apis/apps/v1/deployments"
ALL = "*"
"""All namespaces, among those that an operator watches."""
_LABELS = ("app.kubernetes.io/version", "helm.sh/chart", "chart")
"""Labels that say a version, alone or after the name of a chart."""
_NAME, _NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"


@dataclass(frozen=True, kw_only=True)
class Operator:
    """An operator that others run.

    `release` is the one that would install it, `needed` the version of its chart. `watches` are
    namespaces, or `ALL`; empty if unknown. `beside` is True if the release is installed, too.
    """

    release: Release
    needed: str
    name: str
    namespace: str
    version: str
    watches: tuple[str, ...]
    deployment: Object
    beside: bool = False

    def sees(self, namespace: str) -> bool:
        """Whether it watches a namespace."""
        return bool({ALL, namespace} & {*self.watches})

    @property
    def stopped(self) -> bool:
        """Whether it is scaled to 0."""
        return bool(at(self.deployment, "spec", "replicas") == 0)

    def serves(self, namespace: str) -> bool:
        """Whether it is used: it watches the namespace, in the minor version of the chart."""
        same = minor(self.version) == minor(self.needed)
        return self.sees(namespace) and same and not self.beside

    def wider(self, namespace: str) -> str:
        """The namespaces beside its own that it would watch with a further one, as JSON."""
        others = [name for name in self.watches if name not in {self.namespace, ALL}]
        return json.dumps([*others, namespace])

    def __str__(self) -> str:
        """What it is, where, and what it watches."""
        version = f"version {self.version}" if self.version else "of an unknown version"
        seen = {ALL: "all namespaces", "": "unknown namespaces"}
        watched = ", ".join(seen.get(name, name) for name in self.watches or ("",))
        return f"{self.namespace}/{self.name}, {version}, which watches {watched}"


def find(
    kube: Kube, namespace: str, releases: Sequence[Release], profile: Profile
) -> tuple[Operator, ...]:
    """The operators of others, for the releases that declare one; nothing is changed.

    A user who may not list Deployments of all namespaces sees none.
    """
    found: list[Operator] = []
    for release in releases:
        spec = release.profiles[profile].operator
        if spec:
            found += of_release(release, profile, spec, _deployments(kube, spec), namespace)
    return tuple(found)


def of_release(
    release: Release,
    profile: Profile,
    spec: OperatorSpec,
    deployments: Sequence[Object],
    namespace: str,
) -> list[Operator]:
    """Pure: the operators of others among the Deployments of that name."""
    own = [one for one in deployments if _is_of(one, release.name, namespace)]
    return [
        Operator(
            release=release,
            needed=release.profiles[profile].version,
            name=one["metadata"]["name"],
            namespace=one["metadata"]["namespace"],
            version=_version(one, spec),
            watches=_watches(one, spec),
            deployment=one,
            beside=bool(own),
        )
        for one in deployments
        if one not in own
    ]


def _deployments(kube: Kube, spec: OperatorSpec) -> list[Object]:
    """The Deployments of its names; the server selects by one name alone, not by a part of it."""
    found: list[Object] = []
    try:
        names = {one["metadata"]["name"] for one in kube.metadata(DEPLOYMENTS)}
        for name in sorted(name for name in names if is_named(name, spec)):
            query = {"fieldSelector": f"metadata.name={name}"}
            found += items(kube.request("GET", DEPLOYMENTS, query=query), "items")
    except (ForbiddenError, NotFoundError):
        return []
    for one in found:
        one["kind"] = "Deployment"  # which lists omit
    return found


def is_named(name: str, spec: OperatorSpec) -> bool:
    """Whether a Deployment is named as the operator's; OLM appends its version, as `-v1.2.0`."""
    return name == spec.deployment or bool(re.match(rf"{re.escape(spec.deployment)}-v\d", name))


def _is_of(deployment: Object, release: ReleaseName, namespace: str) -> bool:
    """Whether helm made it for a release; see https://helm.sh/docs/topics/charts_tips_and_tricks/."""
    notes = at(deployment, "metadata", "annotations")
    return (at(notes, _NAME), at(notes, _NAMESPACE)) == (release, namespace)


def _containers(deployment: Object) -> Iterator[Object]:
    yield from items(deployment, "spec", "template", "spec", "containers")


def _watches(deployment: Object, spec: OperatorSpec) -> tuple[str, ...]:
    """The namespaces in the variable: separated by commas; none, or `*`, are all of them."""
    variables = [
        variable
        for container in _containers(deployment)
        for variable in items(container, "env")
        if variable.get("name") == spec.watches
    ]
    if not variables:
        return (ALL,)
    (first, *_) = variables
    field = text(first, "valueFrom", "fieldRef", "fieldPath")
    if field == "metadata.namespace":
        return (deployment["metadata"]["namespace"],)
    if annotation := re.fullmatch(r"metadata\.annotations\['(.+)'\]", field):
        notes = at(deployment, "spec", "template", "metadata", "annotations")
        first = {"value": at(notes, annotation[1])}
    if "valueFrom" in first:
        return ()
    names = [name.strip() for name in text(first, "value").split(",")]
    return (ALL,) if ALL in names else tuple(filter(None, names)) or (ALL,)


def _version(deployment: Object, spec: OperatorSpec) -> str:
    """By the tag of its image, or what its name or a label says; else the tag, or ""."""
    tag = _tag(deployment, spec)
    if minor(tag):
        return tag
    labels = at(deployment, "metadata", "labels")
    said = [deployment["metadata"]["name"], *(text(labels, key) for key in _LABELS)]
    found = (re.search(r"(?:^|-v?)(\d+\.\d+\.\d+)$", one) for one in said)
    return next((match[1] for match in found if match), tag)


def _tag(deployment: Object, spec: OperatorSpec) -> str:
    """Of the image of the container with the variable, or else of the first one; or ""."""
    containers = sorted(
        _containers(deployment),
        key=lambda one: all(v.get("name") != spec.watches for v in items(one, "env")),
    )
    try:
        return parse(text(containers[0], "image")).tag if containers else ""
    except InputError:
        return ""
