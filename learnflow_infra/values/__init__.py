"""Values of a release: layered and merged by Helm's rules."""

from learnflow_infra.values.layers import compute, read_overrides

__all__ = ["compute", "read_overrides"]
