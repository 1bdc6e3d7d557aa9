"""Pure: the rights that the verbs of this program need, by what is rendered.

A Role that is made from them allows what the program and helm ask, and no more; a test compares
it with the audit log of an API server.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from learnflow_infra.clients import api_paths
from learnflow_infra.engine.gate import port_requests
from learnflow_infra.engine.gate.kinds import is_cluster_scoped, resource_of
from learnflow_infra.fields import items, text
from learnflow_infra.objects import Object
from learnflow_infra.readiness import watched
from learnflow_infra.readiness.groups import group_of, is_custom
from learnflow_infra.rights import Right

Use = Literal["change", "deploy", "verify", "delete", "purge", "more"]
"""For which verbs a right is needed; without `more` something is left out, and no verb fails.

`change` is for each that changes a release, delete too; `deploy` is also for diff, rollback and
the verbs that only read.
"""
_ORDER: Sequence[Use] = ("more", "purge", "delete", "verify", "deploy", "change")
"""A right with several uses has the last."""
ALL: Sequence[Use] = ("change", "deploy", "verify", "delete", "purge")
"""For the rights without which a verb fails."""
CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")
"""API group and resource."""
_RBAC = "rbac.authorization.k8s.io"
_PORT_FORWARD = "pods/portforward"
_OWN: Sequence[tuple[Use, str, str, str]] = (
    ("deploy", "", "namespaces", "get"),
    # the record of deploys
    ("change", "", "configmaps", "get patch"),
    ("deploy", "", "configmaps", "create"),
    ("delete", "", "configmaps", "delete"),
    # helm's records of releases, and passwords
    ("change", "", "secrets", "get list update delete"),
    ("deploy", "", "secrets", "create patch"),
    ("deploy", "", "services", "get list"),
    ("change", "", "persistentvolumeclaims", "patch"),
    ("purge", "", "persistentvolumeclaims", "delete"),
    ("deploy", "", "pods", "get delete"),
    ("more", "", "pods", "create"),
    ("more", "", "pods/log", "get"),
    ("verify", "", "pods/exec", "get create"),
    ("more", "", _PORT_FORWARD, "get create"),
)
"""Use, API group, resource and verbs in the namespace, whatever is rendered."""
_CLUSTER: Sequence[tuple[str, str, str]] = (
    ("", "nodes", "list watch"),
    ("", "nodes/proxy", "get"),
    ("", "persistentvolumes", "list"),
    ("", "pods", "list"),
    ("", "services", "list"),
    ("apps", "deployments", "list"),
    ("storage.k8s.io", "storageclasses", "get list watch"),
)
"""API group, resource and verbs in the whole cluster, without which checks are left out."""
_CHANGED = ("get", "create", "patch", "delete")
"""Verbs of helm, and of the comparison with the cluster, on an object of a manifest."""


@dataclass(frozen=True, kw_only=True)
class Needed:
    """Rights, and for what they are needed.

    `apart` are options with which a deploy leaves objects of no namespace to an administrator.
    """

    rights: Mapping[Right, Use]
    apart: Sequence[str] = ()

    def of(self, *uses: Use) -> list[Right]:
        """The rights of these uses."""
        return sorted(right for right, use in self.rights.items() if use in uses)


def needed(
    namespace: str,
    objects: Iterable[Object],
    definitions: Sequence[Object] = (),
    *,
    missing: Sequence[Object] = (),
    keeps: Iterable[str] = (),
    apart: Sequence[str] = (),
    tunnel: bool = False,
) -> Needed:
    """The rights for releases in a namespace.

    Args:
        namespace: of the releases.
        objects: of their manifests, hooks included.
        definitions: the CRDs of their charts.
        missing: those CRDs that the cluster does not serve yet.
        keeps: collections that outlive a release, see `ChartSource`.
        apart: see `Needed`.
        tunnel: whether node ports are reached through a tunnel, without which no verification is.
    """
    found: dict[Right, Use] = {}
    objects = list(objects)
    if tunnel and any(map(port_requests.has_node_port, objects)):
        verify: Use = "verify"
        found |= dict.fromkeys(_rights("", _PORT_FORWARD, ["get", "create"], namespace), verify)
    for use, rights in _all(namespace, objects, definitions, missing, keeps):
        for right in rights:
            known = found.get(right, "more")
            found[right] = max(known, use, key=_ORDER.index)
    return Needed(rights=found, apart=apart)


_Uses = Iterator[tuple[Use, Iterator[Right]]]


def _all(
    namespace: str,
    objects: Sequence[Object],
    definitions: Sequence[Object],
    missing: Sequence[Object],
    keeps: Iterable[str],
) -> _Uses:
    for group, resource, verbs in _CLUSTER:
        yield "more", _rights(group, resource, verbs.split(), "")
    if definitions:
        yield "more", _rights(*CRDS, ["get"], "")
    for collection in keeps:
        version, _, plural = collection.rpartition("/")
        yield "delete", _rights(group_of(version), plural, ["list"], namespace)
        yield "purge", _rights(group_of(version), plural, ["delete"], namespace)
    yield from _watched(namespace, objects, definitions)
    for use, group, resource, verbs in _OWN:
        yield use, _rights(group, resource, verbs.split(), namespace)
    for obj in objects:
        yield from _object(namespace, obj, definitions)
    for crd in missing:
        yield "deploy", _rights(*CRDS, ["get", "create", "patch"], "", crd["metadata"]["name"])


def _object(namespace: str, obj: Object, definitions: Sequence[Object]) -> _Uses:
    """The rights to compare, create, change and delete an object of a manifest."""
    own = "" if is_cluster_scoped(obj, definitions) else obj["metadata"].get("namespace", namespace)
    group, resource = group_of(obj["apiVersion"]), resource_of(obj, definitions)
    name = obj["metadata"]["name"] if not own else ""
    yield "deploy", _rights(group, resource, _CHANGED[:3], own, name)
    yield "delete", _rights(group, resource, _CHANGED[3:], own, name)
    if group == _RBAC and own:
        yield "deploy", _given(obj, own)


def _given(obj: Object, namespace: str) -> Iterator[Right]:
    """What a user has to have who gives it to others, by a Role or a binding of a ClusterRole."""
    for rule in items(obj, "rules"):
        names = rule.get("resourceNames") or [""]
        for group in rule.get("apiGroups") or ():
            for resource in rule.get("resources") or ():
                for name in names:
                    yield from _rights(group, resource, rule["verbs"], namespace, name)
    if text(obj, "roleRef", "kind") == "ClusterRole":
        name = text(obj, "roleRef", "name")
        yield from _rights(_RBAC, "clusterroles", ["bind"], namespace, name)


def _watched(namespace: str, objects: Sequence[Object], definitions: Sequence[Object]) -> _Uses:
    """Lists, and watches, without which a wait lists again and again."""
    paths = [*watched.COLLECTIONS.values(), watched.EVENTS, api_paths.quotas("{}")]
    paths += filter(None, (watched.BY_MANIFEST.get(obj["kind"]) for obj in objects))
    required = set(paths)
    for path in [*paths, *watched.namespaced("{}")]:  # diagnose reads all
        group = path.split("/")[2] if path.startswith("/apis/") else ""
        resource, own = path.rpartition("/")[2], namespace if "{}" in path else ""
        yield "deploy" if path in required else "more", _rights(group, resource, ["list"], own)
        yield "more", _rights(group, resource, ["watch"], own)
    for obj in objects:
        if is_custom(group := group_of(obj["apiVersion"])):
            own = "" if is_cluster_scoped(obj, definitions) else namespace
            yield "deploy", _rights(group, resource_of(obj, definitions), ["list"], own)
            yield "more", _rights(group, resource_of(obj, definitions), ["watch"], own)


def _rights(
    group: str, resource: str, verbs: Iterable[str], namespace: str, name: str = ""
) -> Iterator[Right]:
    for verb in verbs:
        own = "" if verb in {"create", "list", "watch"} else name
        yield Right(group=group, resource=resource, verb=verb, namespace=namespace, name=own)
