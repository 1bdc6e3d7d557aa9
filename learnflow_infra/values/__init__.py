"""Values of a release: read, layered and explained by Helm's rules."""

from learnflow_infra.values.layers import Computed, Layer, compute
from learnflow_infra.values.origins import Origin, origins_document
from learnflow_infra.values.overrides import Flags, Overrides, read_overrides
from learnflow_infra.values.unknown import unknown_keys
from learnflow_infra.values.value_warnings import warnings

__all__ = [
    "Computed",
    "Flags",
    "Layer",
    "Origin",
    "Overrides",
    "compute",
    "origins_document",
    "read_overrides",
    "unknown_keys",
    "warnings",
]
