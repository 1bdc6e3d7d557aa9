"""Pure: what a deletion loses, in lines for people."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from learnflow_infra.objects import Object
from learnflow_infra.quantities import size
from learnflow_infra.timestamps import age, seconds_of

_HELM_RELEASE = "helm.sh/release.v1"
"""The type of the Secrets in which helm records releases."""


def line(path: str, obj: Object, now: float, used: int | None = None) -> str:
    """An object that is lost: `persistentvolumeclaims/data-0: 8Gi, 312Mi used, 3d2h old`.

    Args:
        path: of the object in the API.
        obj: a claim, with its capacity; or any other object.
        now: in seconds since 1970.
        used: bytes of the claim, if known.
    """
    return _line(short(path), obj, now, used)


def short(path: str) -> str:
    """The end of an API path: `secrets/name`."""
    return "/".join(PurePosixPath(path).parts[-2:])


def of_cluster(secrets: Iterable[Object], claims: Iterable[Object], now: float) -> list[str]:
    """A line for each namespace with releases, and for each claim of the cluster.

    Args:
        secrets: of all namespaces; those of helm name its releases.
        claims: of all namespaces.
        now: in seconds since 1970.
    """
    releases: dict[str, set[str]] = {}
    for secret in secrets:
        meta = secret["metadata"]
        if secret.get("type") == _HELM_RELEASE:
            name = (meta.get("labels") or {}).get("name", meta["name"])
            releases.setdefault(meta["namespace"], set()).add(name)
    namespaces = [
        f"namespace {namespace}: the releases {', '.join(sorted(names))}"
        for namespace, names in sorted(releases.items())
    ]
    volumes = {"/".join((c["metadata"]["namespace"], c["metadata"]["name"])): c for c in claims}
    return namespaces + [_line(f"claim {name}", claim, now) for name, claim in volumes.items()]


def _line(name: str, obj: Object, now: float, used: int | None = None) -> str:
    born = seconds_of(obj["metadata"].get("creationTimestamp"))
    in_use = [] if used is None else [f"{size(used)} used"]
    return f"{name}: {', '.join([*_capacity(obj), *in_use, f'{age(now - born)} old'])}"


def _capacity(obj: Object) -> list[str]:
    """The size that a claim got, or asks for; nothing of other objects."""
    if obj["kind"] != "PersistentVolumeClaim":
        return []
    granted = ((obj.get("status") or {}).get("capacity") or {}).get("storage")
    asked = ((obj.get("spec") or {}).get("resources") or {}).get("requests") or {}
    return [str(granted or asked.get("storage", "unbound"))]
