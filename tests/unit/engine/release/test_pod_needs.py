"""What pods of a manifest do not start without, and what of it is not in the cluster."""

from types import SimpleNamespace

import pytest

from learnflow_infra.clients.api_errors import ForbiddenError
from learnflow_infra.engine.release.pod_needs import Need, of_pod, unmet


def variable(**source):
    return {"containers": [{"name": "c", "env": [{"name": "V", "valueFrom": source}]}]}


def volume(**source):
    return {"volumes": [{"name": "v", **source}]}


SECRET = Need(kind="Secret", name="s")
KEY = Need(kind="Secret", name="s", key="k")
CONFIG = Need(kind="ConfigMap", name="m")


@pytest.mark.parametrize(
    ("spec", "needs"),
    [
        ({}, set()),
        (variable(secretKeyRef={"name": "s", "key": "k"}), {KEY}),
        (variable(configMapKeyRef={"name": "m", "key": "k", "optional": True}), set()),
        (variable(fieldRef={"fieldPath": "metadata.name"}), set()),
        ({"initContainers": [{"envFrom": [{"configMapRef": {"name": "m"}}]}]}, {CONFIG}),
        ({"containers": [{"envFrom": [{"prefix": "A", "secretRef": {"name": "s"}}]}]}, {SECRET}),
        (volume(secret={"secretName": "s"}), {SECRET}),
        (volume(secret={"secretName": "s", "items": [{"key": "k", "path": "p"}]}), {KEY}),
        (volume(secret={"secretName": "s", "optional": True}), set()),
        (volume(configMap={"name": "m"}), {CONFIG}),
        (volume(emptyDir={}), set()),
        (
            volume(projected={"sources": [{"secret": {"name": "s"}}, {"configMap": None}]}),
            {SECRET},
        ),
        (
            volume(persistentVolumeClaim={"claimName": "c"}),
            {Need(kind="PersistentVolumeClaim", name="c")},
        ),
    ],
)
def test_what_a_pod_does_not_start_without(spec, needs):
    assert set(of_pod(spec)) == needs


def workload(spec, kind="Deployment", **metadata):
    return {
        "kind": kind,
        "metadata": {"name": "w", **metadata},
        "spec": {"template": {"spec": spec}},
    }


def own(kind, name):
    return {"kind": kind, "metadata": {"name": name}}


NEEDS_KEY = variable(secretKeyRef={"name": "s", "key": "k"})


@pytest.mark.parametrize(
    ("manifest", "cluster", "names"),
    [
        ([workload(NEEDS_KEY)], {}, ["Secret/s"]),
        ([workload(NEEDS_KEY)], {"n/secrets/s": {"data": {"k": "eA=="}}}, []),
        ([workload(NEEDS_KEY)], {"n/secrets/s": {"data": None}}, ["the key k of Secret/s"]),
        ([workload(NEEDS_KEY), own("Secret", "s")], {}, []),
        ([workload(NEEDS_KEY, namespace="o")], {"n/secrets/s": {"data": {"k": ""}}}, ["Secret/s"]),
        ([workload(NEEDS_KEY, kind="Widget")], {}, []),
        (
            [workload(volume(configMap={"name": "m", "items": [{"key": "k"}]}))],
            {"n/configmaps/m": {"binaryData": {"k": ""}}},
            [],
        ),
        (
            [workload(volume(persistentVolumeClaim={"claimName": "c"}), kind="StatefulSet")],
            {},
            ["PersistentVolumeClaim/c"],
        ),
    ],
)
def test_what_a_manifest_lacks_and_the_cluster_too(manifest, cluster, names):
    kube = SimpleNamespace(find=lambda path: cluster.get(path.removeprefix("/api/v1/namespaces/")))
    assert unmet(kube, "n", manifest) == names


def test_what_may_not_be_read_counts_as_there():
    def find(_):
        raise ForbiddenError(403, "no")

    assert unmet(SimpleNamespace(find=find), "n", [workload(NEEDS_KEY)]) == []
