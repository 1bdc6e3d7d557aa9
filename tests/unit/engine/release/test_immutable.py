"""Changes that cannot be made: what helm would send, and how the server's refusals are read."""

from types import SimpleNamespace

import pytest

from learnflow_infra.clients.api_errors import refusal
from learnflow_infra.engine.release.immutable import delete, patch
from learnflow_infra.engine.release.recreation import Fixed, Resize, resizes


@pytest.mark.parametrize(
    ("old", "new", "body"),
    [
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": 1, "b": 2}, {"a": 1}, {"b": None}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": 1, "z": 3}}, {"a": {"y": None, "z": 3}}),
        ({"a": {"x": 1}}, {"a": {"x": 1}}, {}),
        ({"a": [1, 2]}, {"a": [1]}, {"a": [1]}),
        ({"a": {"x": 1}}, {"a": None}, {"a": None}),
        ({}, {"a": {"x": 1}}, {"a": {"x": 1}}),
    ],
)
def test_the_patch_has_what_differs_and_removes_what_is_gone(old, new, body):
    assert patch(old, new) == body


@pytest.mark.parametrize(
    ("status", "message", "fixed"),
    [
        (422, "spec: Forbidden: updates to statefulset spec for fields other than", False),
        (422, "updates to statefulset spec for fields other than 'x' are forbidden", True),
        (422, "spec.selector: Invalid value: {}: field is immutable", True),
        (422, 'spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set', True),
        (422, "spec.resources.requests.storage: Forbidden: field can not be less than", True),
        (403, "the storageclass that provisions the pvc must support resize", True),
        (422, "roleRef: Invalid value: {}: cannot change roleRef", True),
        (422, "data: Forbidden: field is immutable when `immutable` is set", True),
        (422, "parameters: Forbidden: updates to parameters are forbidden.", True),
        (422, "value: Forbidden: may not be changed in an update.", True),
        (422, "pod updates may not change fields other than `image`", True),
        (422, "spec.size: Invalid value: Value is immutable", True),
        (422, "spec.replicas: Invalid value: -1: must be greater than or equal to 0", False),
        (403, 'User "x" cannot patch resource "statefulsets"', False),
        (403, "exceeded quota: q, requested: pods=1", False),
        (409, "the object has been modified", False),
        (422, "provided port is already allocated", False),
    ],
)
def test_refusals_of_a_change(status, message, fixed):
    assert refusal(status, message).refuses_change is fixed


def stateful(**sizes):
    templates = [
        {"metadata": {"name": name}, "spec": {"resources": {"requests": {"storage": size}}}}
        for name, size in sizes.items()
    ]
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "w"},
        "spec": {"volumeClaimTemplates": templates},
    }


def fixed(live, desired, message=""):
    return Fixed(live=live, desired=desired, path="p", message=message)


def test_sizes_of_claims_that_change():
    one = fixed(stateful(data="2Gi", log="1Gi"), stateful(data="4Gi", log="1024Mi"))
    assert resizes(one) == [Resize(template="data", old="2Gi", new="4Gi")]
    assert resizes(one)[0].grows
    assert not resizes(fixed(stateful(data="2Gi"), stateful(data="1Gi")))[0].grows


@pytest.mark.parametrize(
    ("kind", "recreatable"),
    [
        ("StatefulSet", True),
        ("Job", True),
        ("Pod", True),
        ("PersistentVolumeClaim", False),
        ("Kafka", False),
    ],
)
def test_only_what_holds_no_data_is_created_again(kind, recreatable):
    one = fixed({**stateful(), "kind": kind}, stateful())
    assert one.recreatable is recreatable
    assert one.orphans is (kind == "StatefulSet")


def test_the_reason_is_short():
    dump = (
        'Invalid value: core.PodTemplateSpec{ObjectMeta:v1.ObjectMeta{Name:""}}: field is immutable'
    )
    one = fixed(stateful(), stateful(), f'Job.batch "migrate" is invalid: spec.template: {dump}')
    assert one.reason == "spec.template: Invalid value: field is immutable"


class Server:
    """A StatefulSet that is gone, and pods of one label in every namespace."""

    def __init__(self):
        self.deleted = []

    def find(self, path):
        assert path

    def items(self, path):
        namespace = path.split("/")[4]
        labels = {"app": "old", "part": "db"}
        meta = {"name": "w-0", "namespace": namespace, "labels": labels}
        return [{"metadata": meta}]

    def delete(self, path, **_):
        self.deleted.append(path)


@pytest.mark.parametrize(
    ("selector", "deleted"),
    [({"app": "new"}, ["/api/v1/namespaces/other/pods/w-0"]), ({"part": "db"}, [])],
)
def test_only_pods_that_the_new_one_does_not_adopt_are_deleted_with_it(selector, deleted):
    kube = Server()
    path = "/apis/apps/v1/namespaces/other/statefulsets/w"
    old = {
        "kind": "StatefulSet",
        "metadata": {"name": "w", "namespace": "other", "uid": "u"},
        "spec": {"selector": {"matchLabels": {"app": "old"}}},
    }
    new = {"kind": "StatefulSet", "spec": {"selector": {"matchLabels": selector}}}
    fixed = Fixed(desired=new, live=old, path=path, message="")
    delete(SimpleNamespace(kube=kube, namespace="n"), [fixed])
    assert kube.deleted == [path, *deleted]


def mounting(*templates, **volumes):
    """A StatefulSet that mounts the claims of its templates, and volumes of its pods."""
    names = [*templates, *volumes]
    obj = stateful(**dict.fromkeys(templates, "1Gi"))
    obj["spec"]["template"] = {
        "spec": {
            "containers": [{"name": "c", "volumeMounts": [{"name": name} for name in names]}],
            "volumes": [{"name": "unmounted", "emptyDir": {}}]
            + [{"name": name, **source} for name, source in volumes.items()],
        }
    }
    return obj


EMPTY = {"emptyDir": {}}


def selecting(obj, **labels):
    """The object with pods of these labels, which it selects by the first."""
    (first, *_) = labels.items()
    obj["spec"]["selector"] = {"matchLabels": dict([first])}
    obj["spec"]["template"]["metadata"] = {"labels": labels}
    return obj


CLAIM = {"persistentVolumeClaim": {"claimName": "theirs"}}
AGAIN = "its claims stay, and its pods start again"


@pytest.mark.parametrize(
    ("live", "desired", "loss"),
    [
        (
            mounting("data"),
            mounting("data"),
            "its pods and claims stay, and the new one takes them over",
        ),
        (
            mounting("data", tmp=EMPTY),
            mounting("data", tmp={"emptyDir": {"medium": "Memory"}}),
            "its pods and claims stay, and the new one takes them over",
        ),
        (
            mounting(data=EMPTY),
            mounting("data"),
            f"{AGAIN}; the data in the emptyDir data go with its pods",
        ),
        (
            mounting(scratch={"ephemeral": {"volumeClaimTemplate": {}}}),
            mounting("data"),
            f"{AGAIN}; the data in the ephemeral scratch go with its pods",
        ),
        (
            mounting("data"),
            mounting(data=EMPTY),
            f"{AGAIN}; its claims data stay unused, and its pods start without their data",
        ),
        (
            mounting("old"),
            mounting("data"),
            f"{AGAIN}; its claims old stay unused, and its pods start without their data",
        ),
        (
            mounting(data=CLAIM),
            mounting("data"),
            f"{AGAIN}; the claim theirs stays unused, and its pods start without its data",
        ),
        (
            mounting(config={"configMap": {"name": "m"}}),
            mounting("data"),
            "its pods and claims stay, and the new one takes them over",
        ),
        (
            selecting(mounting("data"), app="old", part="db"),
            selecting(mounting("data"), part="db"),
            "its pods and claims stay, and the new one takes them over",
        ),
        (
            selecting(mounting("data"), app="old"),
            selecting(mounting("data"), app="new"),
            AGAIN,
        ),
        (
            selecting(mounting("data", tmp=EMPTY), app="old"),
            selecting(mounting("data", tmp=EMPTY), app="new"),
            f"{AGAIN}; the data in the emptyDir tmp go with its pods",
        ),
    ],
)
def test_the_loss_names_the_volumes_whose_data_the_pods_no_longer_have(live, desired, loss):
    assert fixed(live, desired).loss == f"StatefulSet/w: {loss}"
