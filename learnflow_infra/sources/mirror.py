"""Pure: rewrite references of images and charts to a mirror."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from learnflow_infra.documents.merging import put
from learnflow_infra.errors import InputError
from learnflow_infra.fields import at
from learnflow_infra.models import RegistryKeys, Values
from learnflow_infra.references import HUB, HUB_NAMES

SCHEME = "oci://"


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """References that begin with `source`, a registry or a path in it, begin with `to` instead."""

    source: str
    to: str

    def __str__(self) -> str:
        """The argument of `--image-mirror`."""
        return f"{self.source}={self.to}"


def parse(text: str) -> Mirror:
    """Read `FROM=TO`.

    Raises:
        InputError: one of them is missing, or has a scheme.
    """
    source, _, to = (part.strip().rstrip("/") for part in text.partition("="))
    if not source or not to or "://" in text:
        raise InputError(
            f"--image-mirror {text!r} is not FROM=TO.",
            why="Both are a registry, or a path in it, without a scheme.",
            remedy="For example: --image-mirror quay.io=registry.example.com/quay",
        )
    return Mirror(source=source, to=to)


def rewrite(reference: str, mirrors: Sequence[Mirror]) -> str:
    """The reference in the mirror with the longest source that matches, or unchanged.

    A mirror of docker.io is one of Docker Hub's other names, too, unless they have their own.
    """
    scheme = SCHEME if reference.startswith(SCHEME) else ""
    bare = reference.removeprefix(SCHEME)
    host, slash, rest = bare.partition("/")
    for name in [bare, f"{HUB}{slash}{rest}"] if host in HUB_NAMES else [bare]:
        for mirror in sorted(mirrors, key=lambda mirror: -len(mirror.source)):
            if name == mirror.source or name.startswith(f"{mirror.source}/"):
                return scheme + mirror.to + name[len(mirror.source) :]
    return reference


def origins(reference: str, mirrors: Sequence[Mirror]) -> list[str]:
    """The reference, and those that it may be the copy of."""
    return [reference] + [
        mirror.source + reference[len(mirror.to) :]
        for mirror in mirrors
        if reference.startswith(tuple(mirror.to + end for end in "/:@"))
    ]


def value_layer(
    effective: Values, mirrors: Sequence[Mirror], registry_keys: Sequence[RegistryKeys]
) -> Values:
    """The values that let a chart pull its images from the mirrors.

    Args:
        effective: the values with the chart's defaults.
        mirrors: which registries to replace.
        registry_keys: keys with one registry for all images of the chart; the value of
            `global.imageRegistry` is used for them, too.
    """
    layer = _blocks(effective, mirrors)
    for keys in registry_keys:
        global_registry = (effective.get("global") or {}).get("imageRegistry")
        registry = str(global_registry or at(effective, *keys.registry.split(".")) or "")
        prefix = str(at(effective, *keys.repository.split(".")) or "") if keys.repository else ""
        now = rewrite("/".join(filter(None, (registry, prefix))), mirrors)
        host, _, rest = now.partition("/")
        rewritten = {keys.registry: host if keys.repository else now, keys.repository: rest}
        for key, value in rewritten.items():
            if key and at(effective, *key.split(".")) != value:
                layer = put(layer, key, value)
    return layer


def _blocks(values: Mapping[str, object], mirrors: Sequence[Mirror]) -> Values:
    """Every {registry, repository} at any depth that a mirror changes."""
    registry, repository = values.get("registry"), values.get("repository")
    changed: Values = {}
    if registry and isinstance(registry, str) and isinstance(repository, str):
        before = f"{registry}/{repository}"
        after = rewrite(before, mirrors)
        if after != before:
            host, _, rest = after.partition("/")
            changed = {"registry": host, "repository": rest}
    for key, value in values.items():
        below = _blocks(value, mirrors) if isinstance(value, dict) else {}
        if below:
            changed[key] = below
    return changed
