"""How the values of Helm 3 and Helm 4 differ: the one place that knows."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What a major version of Helm makes of values.

    Attributes:
        default_nulls: nulls of a chart's defaults are kept, and delete a dependency's default;
            else they are dropped.
        json_objects: `--set-json` takes an object, to be merged, beside `path=value`.
        all_documents: the documents of a values file are merged; else the first one counts.
        open_indices: an index that is not closed at the end of a flag ends it silently; else it
            is an error.
    """

    default_nulls: bool
    json_objects: bool
    all_documents: bool
    open_indices: bool


HELM_3 = Dialect(default_nulls=True, json_objects=False, all_documents=False, open_indices=False)
HELM_4 = Dialect(default_nulls=False, json_objects=True, all_documents=True, open_indices=True)


def of(major: int) -> Dialect:
    """The dialect of a major version; of an unknown one, the newest."""
    return HELM_3 if major == 3 else HELM_4  # noqa: PLR2004 - the name says it
