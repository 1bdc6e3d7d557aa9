"""Skills: read from their folders, checked, and selected by name."""

from learnflow_infra.skills.library import find, load_all, removed_images
from learnflow_infra.skills.reader import load

__all__ = ["find", "load", "load_all", "removed_images"]
