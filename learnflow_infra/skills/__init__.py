"""Skills: read from their folders, checked, and selected by name."""

from learnflow_infra.skills.library import find, load, load_all, removed_images

__all__ = ["find", "load", "load_all", "removed_images"]
