"""Whether this program made a release, an object or a claim."""

import pytest

from learnflow_infra.clients.helm_storage import Stored
from learnflow_infra.engine.release import claims, ownership
from learnflow_infra.engine.request import marks

OURS = {"learnflow.infra/chart": "demo"}
HELM = {"app.kubernetes.io/managed-by": "Helm"}


def stored(chart="demo", labels=None):
    return Stored(labels=labels or {}, chart=chart, version="1.0.0")


@pytest.mark.parametrize(
    ("release", "recorded", "ours"),
    [
        (stored(labels=OURS), False, True),
        (stored("other", OURS), False, False),
        (stored("other", OURS), True, False),
        (stored("", OURS), False, True),
        (stored("renamed", {"learnflow.infra/chart": "renamed"}), False, True),
        (stored(), True, True),
        (stored("old-demo"), True, True),
        (stored(), False, False),
        (stored("other"), True, False),
        (stored(""), True, True),
        (stored(""), False, False),
    ],
    ids=[
        "labelled",
        "another chart in place of ours",
        "the same, with a record",
        "labelled, chart unknown",
        "a chart that the skill had before",
        "recorded by an earlier version",
        "recorded, with the chart of another profile",
        "no mark",
        "recorded, but another chart",
        "recorded, chart unknown",
        "nothing known",
    ],
)
def test_a_release_is_ours_by_label_or_record_and_by_its_chart(release, recorded, ours):
    assert ownership.is_ours(release, ["demo", "old-demo"], recorded=recorded) is ours


def test_the_maker_of_a_release_is_named_by_its_chart():
    assert ownership.maker_of_release(stored("other")) == "chart other-1.0.0"
    replaced = ownership.maker_of_release(stored("other", OURS))
    assert replaced == "chart other-1.0.0, in place of demo, which was deployed here"
    assert ownership.maker_of_release(Stored()) == "unknown chart"


def obj(**metadata):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x", **metadata}}


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        ({}, "by unknown"),
        (
            {
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "managedFields": [
                    {"manager": "kubectl-create"},
                    {"manager": "kubectl-create"},
                    {"manager": "a-controller", "subresource": "status"},
                    {"manager": "kubectl-edit"},
                ],
            },
            "by kubectl-create, kubectl-edit at 2026-01-01T00:00:00Z",
        ),
        (
            {
                "labels": HELM,
                "annotations": {
                    "meta.helm.sh/release-name": "web",
                    "meta.helm.sh/release-namespace": "n",
                },
                "managedFields": [{"manager": "helm"}],
            },
            "by helm for the helm release n/web",
        ),
        (
            {"labels": {"app.kubernetes.io/managed-by": "an-operator"}},
            "by unknown with the label app.kubernetes.io/managed-by=an-operator",
        ),
    ],
)
def test_the_maker_of_an_object_is_read_from_its_metadata(metadata, text):
    assert ownership.maker(obj(**metadata)) == text


@pytest.mark.parametrize(
    ("metadata", "takes"),
    [
        (ownership.helm_mark("demo", "n"), True),
        (ownership.helm_mark("demo", "other"), False),
        (ownership.helm_mark("web", "n"), False),
        ({"labels": HELM}, False),
        ({"annotations": ownership.helm_mark("demo", "n")["annotations"]}, False),
        ({"labels": None, "annotations": None}, False),
    ],
)
def test_helm_takes_only_objects_with_its_label_and_annotations(metadata, takes):
    assert ownership.helm_takes(obj(**metadata), "demo", "n") is takes


def test_an_object_is_marked_by_its_skill_or_as_managed_by_this_program():
    assert marks.is_marked(obj(annotations={"learnflow.infra/skill": "a"}), "a")
    assert not marks.is_marked(obj(annotations={"learnflow.infra/skill": "b"}), "a")
    assert marks.is_marked(obj(labels={"app.kubernetes.io/managed-by": "learnflow-infra"}), "a")
    assert not marks.is_marked(obj(labels=HELM, annotations=None), "a")


SET = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "db"},
    "spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]},
}
CUSTOM = {"apiVersion": "example.org/v1", "kind": "Database", "metadata": {"name": "db"}}


def claim(name, **labels):
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}


def pod(claim, **metadata):
    volumes = [{"emptyDir": {}}, {"persistentVolumeClaim": {"claimName": claim}}]
    return {"kind": "Pod", "metadata": {"name": "p", **metadata}, "spec": {"volumes": volumes}}


def names(objects):
    return [obj["metadata"]["name"] for obj in objects]


def test_claims_of_a_stateful_set_are_recognised_by_name():
    existing = [claim(n) for n in ("data-db-0", "data-db-12", "data-db-x", "data-db2-0", "db-0")]
    assert names(claims.used_by([SET], existing)) == ["data-db-0", "data-db-12"]
    assert claims.used_by([SET | {"spec": {}}], existing) == []


def test_claims_of_an_operator_are_those_that_its_pods_mount():
    existing = [claim("data-db-0"), claim("made"), claim("by-hand"), claim("other")]
    owned = {"ownerReferences": [{"kind": "Database", "name": "db", "uid": "1"}]}
    members = [pod("made", **owned), pod("by-hand")]
    assert names(claims.of_release([SET, CUSTOM], existing, members)) == ["data-db-0", "made"]
    assert names(claims.of_release([SET], existing, members)) == ["data-db-0"]


def test_claims_with_labels():
    existing = [claim("a", app="x", more="y"), claim("b", app="z"), claim("c")]
    assert names(claims.labelled(existing, {"app": "x"})) == ["a"]
    assert claims.labelled(existing, {}) == []
