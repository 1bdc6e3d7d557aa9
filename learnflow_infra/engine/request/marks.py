"""The marks by which this program recognises what it made."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from learnflow_infra.clients.kube import MANAGER
from learnflow_infra.models import SkillName
from learnflow_infra.objects import Object

CHART = "learnflow.infra/chart"
"""Label of a helm release: the name of the chart that was deployed. `helm upgrade` keeps it."""
SKILL = "learnflow.infra/skill"
"""Annotation of an object that outlives its release: the skill whose data it holds."""
FIRST_VALUES = "learnflow.infra/first-values"
"""Annotation of a volume claim: the values that it keeps (`fixedByVolumes`), as JSON by key."""
SHOWN = 8
"""How many keys the description of a revision names."""
_MANAGED_BY = "app.kubernetes.io/managed-by"


def first_values(claim: Object) -> Mapping[str, Any]:
    """What a claim keeps of the values, by key; empty if nothing or something else is recorded."""
    try:
        found = json.loads((claim["metadata"].get("annotations") or {}).get(FIRST_VALUES, "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def release_labels(chart: str) -> Mapping[str, str]:
    """The labels of a release that is installed from a chart of this name."""
    return {CHART: chart}


def is_marked(obj: Object, skill: SkillName) -> bool:
    """Whether this program made an object, or keeps it, for a skill."""
    meta = obj["metadata"]
    managed = (meta.get("labels") or {}).get(_MANAGED_BY) == MANAGER
    return managed or skill_of(obj) == skill


def skill_of(obj: Object) -> str:
    """The skill whose data an object holds, by its mark; "" if it has none."""
    return (obj["metadata"].get("annotations") or {}).get(SKILL, "")


def described(keys: Sequence[str]) -> str:
    """What made a revision, for helm's history: the keys that the user set, never values."""
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return "deploy" + (f", with {', '.join(keys[:SHOWN])}{more}" if keys else "")


def is_described(description: str) -> bool:
    """Whether a deploy of this program made the revision, by its description in helm's history.

    Helm replaces the description of a failed operation.
    """
    return re.match(r"deploy(, with |$)", description) is not None
