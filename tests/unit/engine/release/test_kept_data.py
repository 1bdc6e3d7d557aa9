"""Which claims of a skill that names no labels of volumes a delete finds."""

from types import SimpleNamespace

import pytest

from learnflow_infra.engine.release import kept_data
from learnflow_infra.engine.release.state import Observed
from learnflow_infra.engine.request import marks
from learnflow_infra.models import Release
from tests.unit.engine.release.test_claim_marks import STATEFUL_SET

RELEASE = Release(name="r", skill="s", profiles={})
INSTALLED, UNINSTALLED = (
    Observed(live=SimpleNamespace(manifest=SimpleNamespace(objects=[STATEFUL_SET]), status=status))
    for status in ("deployed", "uninstalled")
)
POD = {
    "kind": "Pod",
    "metadata": {"name": "db-0"},
    "spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "data-db-0"}}]},
}
ENDED = {**POD, "status": {"phase": "Succeeded"}}


def claim(name, skill):
    annotations = {marks.SKILL: skill} if skill else {}
    labels = {"app.kubernetes.io/managed-by": "learnflow-infra"}
    metadata = {"name": name, "annotations": annotations, "labels": labels}
    return {"kind": "PersistentVolumeClaim", "metadata": metadata}


def found(observed, mark="s", name="data-db-0", *, sets=(), pods=()):
    objects = {"persistentvolumeclaims": [claim(name, mark)], "statefulsets": sets, "pods": pods}
    kube = SimpleNamespace(items=lambda path: objects[path.rpartition("/")[2]])
    session = SimpleNamespace(kube=kube, namespace="n")
    return [path.rpartition("/")[2] for path in kept_data.find(session, [], [(RELEASE, observed)])]


@pytest.mark.parametrize("observed", [INSTALLED, UNINSTALLED, Observed()])
@pytest.mark.parametrize(("mark", "names"), [("s", ["data-db-0"]), ("other", []), ("", [])])
def test_a_claim_with_the_mark_of_the_skill_is_found(observed, mark, names):
    assert found(observed, mark) == names


@pytest.mark.parametrize("running", [{"sets": [STATEFUL_SET], "pods": [POD]}])
def test_a_claim_that_the_release_itself_uses_is_found(running):
    assert found(INSTALLED, **running) == ["data-db-0"]


@pytest.mark.parametrize("running", [{"sets": [STATEFUL_SET]}, {"pods": [POD]}])
@pytest.mark.parametrize("observed", [UNINSTALLED, Observed()])
def test_a_claim_that_another_release_of_the_skill_uses_is_not_found(observed, running):
    """The mark names the skill alone, whose release may have had another name."""
    assert found(observed, **running) == []


def test_a_claim_of_another_release_beside_an_installed_one_is_not_found():
    other = {**STATEFUL_SET, "metadata": {"name": "other"}}
    assert found(INSTALLED, name="data-other-0", sets=[STATEFUL_SET, other]) == []
    assert found(INSTALLED, name="data-other-0", sets=[STATEFUL_SET]) == ["data-other-0"]


def test_a_pod_that_ended_uses_no_claim():
    assert found(Observed(), pods=[ENDED]) == ["data-db-0"]
