"""What is told when helm ends with an error."""

import imitated_watches

from learnflow_infra.engine.release import upgrade
from learnflow_infra.errors import ReleaseFailedError
from learnflow_infra.readiness.expected import Expected
from learnflow_infra.readiness.watched import COLLECTIONS


def test_hooks_of_other_events_are_not_called_missing():
    """A failed hook before an upgrade does not make those before a deletion a cause."""
    world = imitated_watches.World()
    hooks = Expected(names=("Job/before", "Job/at-deletion"))
    world.view.follow(hooks, labelled=False)
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "before", "namespace": "n", "uid": "before"},
        "spec": {"template": {}},
        "status": {"conditions": [failed]},
    }
    world.put(COLLECTIONS["Job"].format("n"), job)
    said = "pre-upgrade hooks failed: 1 error occurred: * job before failed: BackoffLimitExceeded"
    error = upgrade._explained(ReleaseFailedError("no", why=said), world.view, hooks)
    assert "Job/before" in f"{error} {error.why}"
    assert "at-deletion" not in f"{error} {error.why}"
