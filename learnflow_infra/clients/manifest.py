"""The manifest of a release, parsed once."""

from dataclasses import dataclass
from functools import cached_property

from learnflow_infra.documents.reading import parse_all
from learnflow_infra.objects import Object

_MARKED = ("labels", "annotations")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A chart as helm rendered it: YAML, and its Kubernetes objects.

    `hook_texts` are the manifests of hooks; `helm template` has them in `text` instead. Each
    text is parsed on first access to its objects.
    """

    text: str = ""
    hook_texts: tuple[str, ...] = ()

    @cached_property
    def objects(self) -> tuple[Object, ...]:
        """The objects of `text` as helm sends them to the API server, in its order."""
        return tuple(map(_sent, parse_all(self.text)))

    @cached_property
    def hooks(self) -> tuple[Object, ...]:
        """The objects of the chart's hooks."""
        return tuple(obj for text in self.hook_texts for obj in parse_all(text))

    @property
    def with_hooks(self) -> tuple[Object, ...]:
        """All objects, those of hooks last."""
        return (*self.objects, *self.hooks)


def _sent(obj: Object) -> Object:
    """An object with the metadata that helm sends, without helm's own labels and annotations.

    Helm reads labels and annotations by NestedStringMap of apimachinery, which returns none
    of them if one value is not a string.

    Source: setMetadataVisitor of helm's pkg/action.
    """
    metadata = obj["metadata"]
    kept = {
        key: value for key, value in metadata.items() if key not in _MARKED or _are_texts(value)
    }
    return obj if len(kept) == len(metadata) else {**obj, "metadata": kept}  # type: ignore[typeddict-item]


def _are_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
