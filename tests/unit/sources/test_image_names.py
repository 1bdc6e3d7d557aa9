import pytest
import yaml

from learnflow_infra.sources.image_names import by_operator, images_of

POD = {
    "initContainers": [{"name": "i", "image": "init:1"}],
    "containers": [{"name": "c", "image": "main:1"}, {"name": "d", "image": "side:1"}],
    "volumes": [{"name": "v", "image": {"reference": "data:1"}}, {"name": "w", "emptyDir": {}}],
}
ALL = {"init:1", "main:1", "side:1", "data:1"}
PATHS = {
    "Pod": "spec",
    "Deployment": "spec.template.spec",
    "StatefulSet": "spec.template.spec",
    "DaemonSet": "spec.template.spec",
    "ReplicaSet": "spec.template.spec",
    "Job": "spec.template.spec",
    "CronJob": "spec.jobTemplate.spec.template.spec",
    "PodTemplate": "template.spec",
}


def obj(kind, spec, **meta):
    body = spec
    for key in reversed(PATHS[kind].split(".")):
        body = {key: body}
    return {"kind": kind, "metadata": {"name": "x", **meta}, **body}


@pytest.mark.parametrize("kind", PATHS)
def test_every_kind_with_pods(kind):
    assert images_of([obj(kind, POD)]) == ALL


@pytest.mark.parametrize(
    ("hooks", "wanted"),
    [("test", set()), ("test-success", set()), ("pre-install", ALL), ("test, pre-install", ALL)],
)
def test_images_of_helm_tests_are_not_required(hooks, wanted):
    assert images_of([obj("Pod", POD, annotations={"helm.sh/hook": hooks})]) == wanted


def test_objects_without_pods_have_no_images():
    service = {"kind": "Service", "metadata": {"name": "x"}, "spec": {"containers": 1}}
    custom = {"kind": "Kafka", "metadata": {"name": "x"}, "spec": {"kafka": {"image": "own:1"}}}
    assert images_of([service, custom, obj("Job", {"containers": None})]) == set()


def test_images_that_an_operator_will_use():
    text = """
    containers:
      - name: strimzi-cluster-operator
        env:
          - {name: OTHER, valueFrom: {}}
          - name: STRIMZI_KAFKA_IMAGES
            value: |
              4.2.0=quay.io/strimzi/kafka:1.2.0-kafka-4.2.0
              4.3.1=quay.io/strimzi/kafka@sha256:1=2
    """
    found = by_operator([obj("Deployment", yaml.safe_load(text))], "STRIMZI_KAFKA_IMAGES")
    assert found == {
        "4.2.0": "quay.io/strimzi/kafka:1.2.0-kafka-4.2.0",
        "4.3.1": "quay.io/strimzi/kafka@sha256:1=2",
    }
