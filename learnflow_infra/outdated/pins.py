"""The Python packages that a file pins, as components of their own."""

import re
from dataclasses import replace

from learnflow_infra.paths import repo_root
from learnflow_infra.versions import Component, Versions


def expanded(versions: Versions) -> list[Component]:
    """The components, with those that name a file of pins replaced by what it pins."""
    return [
        one
        for component in versions.components.values()
        for one in (_pinned(component) if component.registry == "pins" else [component])
    ]


def _pinned(component: Component) -> list[Component]:
    text = (repo_root() / component.package).read_text(encoding="utf-8")
    return [
        replace(component, name=name, package=name, version=version, newest=version)
        for name, version in re.findall(r"^([\w.-]+)==([^ \\\n;]+)", text, re.MULTILINE)
    ]
