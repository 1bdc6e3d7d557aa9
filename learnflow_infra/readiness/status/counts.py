"""The status of custom resources by flags and counts that their operator writes.

Source: the health checks of https://github.com/argoproj/argo-cd/tree/master/resource_customizations
and of https://github.com/karmada-io/karmada (resource interpreter).
"""

import itertools
import re
from collections.abc import Iterator

from learnflow_infra.fields import items, part
from learnflow_infra.objects import Fields, Object
from learnflow_infra.readiness.states import Status, progress

_FLAGS = ("ready", "isReady", "readyToUse", "healthy", "applied", "synced")
"""Fields that are false while something is not ready; in place of a flag, the count 0."""
_COUNT = re.compile(
    r"(?:ready|available)(\w*(?:Replicas|Instances|Members|Nodes|Pods|Workers|Brokers|Machines))"
)
"""How many are ready: what is counted comes after it."""
_TOTALS = ("desired", "expected", "total")
"""What a status puts before the name of what is counted, for how many there have to be."""
_OTHERS = (
    *(("updatedReadyReplicas", "updatedReplicas"), ("currentHealthy", "expectedMachines")),
    *((key, "desiredNumberScheduled") for key in ("numberReady", "numberAvailable")),
)
"""Other counts, each with the one that it has to reach."""
_FRACTION = re.compile(r"(\d+)/(\d+)")
"""As in `readyReplicas: 1/3`, which some operators write for `kubectl get`."""
_COUNTED = re.compile(r"ready|replicas|available|healthy", re.IGNORECASE)


def compute(obj: Object) -> Status | None:
    """In progress by a flag or a count; None where they say nothing, or that all is ready."""
    status, spec = part(obj, "status"), part(obj, "spec")
    reasons = (*_flags(status), *_counts(status, spec), *_fractions(status))
    return next(map(progress, reasons), None)


def _flags(status: Fields) -> Iterator[str]:
    """The flags that say no: of the status, and of what it lists."""
    fields = (status, *(item for key in status for item in items(status, key)))
    for field, key in itertools.product(fields, _FLAGS):
        if str(field.get(key)).lower() == "false" or (field is status and field.get(key) == 0):
            yield f"its status says {key}: {field[key]}"


def _counts(status: Fields, spec: Fields) -> Iterator[str]:
    for key, number in status.items():
        match = _COUNT.fullmatch(key)
        desired = (
            _total(status, spec, match[1]) if match else status.get(dict(_OTHERS).get(key, ""))
        )
        if isinstance(number, int) and isinstance(desired, int) and number < desired:
            yield f"{key}: {number} of {desired}"
    if isinstance(status.get("unavailableReplicas"), int) and status["unavailableReplicas"] > 0:
        yield f"unavailableReplicas: {status['unavailableReplicas']}"


def _total(status: Fields, spec: Fields, name: str) -> object:
    """How many there have to be: by the spec, or else by the status."""
    own = name[0].lower() + name[1:]
    totals = (spec.get(own), *(status.get(word + name) for word in _TOTALS), status.get(own))
    return next((total for total in totals if isinstance(total, int)), None)


def _fractions(status: Fields) -> Iterator[str]:
    """Texts such as `1/3` that fall short, of the status and one level below."""
    for field in (status, *(value for value in status.values() if isinstance(value, dict))):
        for key, value in field.items():
            match = _FRACTION.fullmatch(value) if isinstance(value, str) else None
            if match and _COUNTED.search(key) and int(match[1]) < int(match[2]):
                yield f"{key}: {value}"
