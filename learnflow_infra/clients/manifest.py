"""The manifest of a release, parsed once and handed on."""

from dataclasses import dataclass
from functools import cached_property

from learnflow_infra.documents.reading import parse_all
from learnflow_infra.objects import Object

_MARKED = ("labels", "annotations")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What helm rendered of a chart: YAML, and the Kubernetes objects in it.

    `text` is without hooks where helm tells them apart (not so in `helm template`), whose
    manifests are `hook_texts`. Each text is parsed when its objects are first asked for.
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
    """An object with what helm changes in its metadata, but for helm's own marks.

    Helm adds its marks to the labels and annotations that NestedStringMap of apimachinery
    returns, which is none of them where one is not a text.

    Source: setMetadataVisitor of helm's pkg/action.
    """
    metadata = obj["metadata"]
    kept = {
        key: value for key, value in metadata.items() if key not in _MARKED or _are_texts(value)
    }
    return obj if len(kept) == len(metadata) else {**obj, "metadata": kept}  # type: ignore[typeddict-item]


def _are_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
