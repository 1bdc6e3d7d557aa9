"""The manifest of a release, parsed once and handed on."""

from dataclasses import dataclass
from functools import cached_property

from learnflow_infra import documents
from learnflow_infra.objects import Object


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
        """The objects of `text`, in its order."""
        return tuple(documents.parse_all(self.text))

    @cached_property
    def hooks(self) -> tuple[Object, ...]:
        """The objects of the chart's hooks."""
        return tuple(obj for text in self.hook_texts for obj in documents.parse_all(text))

    @property
    def with_hooks(self) -> tuple[Object, ...]:
        """All objects, those of hooks last."""
        return (*self.objects, *self.hooks)
