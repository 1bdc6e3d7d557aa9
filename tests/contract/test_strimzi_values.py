"""Strimzi's own fields in the values, from the command's options to the refusal by its CRDs."""

import json

import pytest

from learnflow_infra.cli import options as opts
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.verbs.diff import diff
from learnflow_infra.engine.verbs.template import template
from learnflow_infra.errors import InputError
from learnflow_infra.events import ignore
from tests.contract.oci import package

pytestmark = pytest.mark.contract
GOOD = """kafka:
  spec:
    kafka:
      listeners: [{name: tls, port: 9093, type: internal, tls: true}]
    cruiseControl: {}
  users: {app: {spec: {authentication: {type: scram-sha-512}}}}
"""


@pytest.fixture(autouse=True)
def own_files(tmp_path, monkeypatch, kubeconfig):
    """A cache, credentials and contexts of this test only."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HELM_CONFIG_HOME", str(tmp_path / "helm"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))


@pytest.fixture
def options(tmp_path, registry, strimzi_crds, namespace):
    """The command line of the profile `upstream`, with a chart of Strimzi's CRDs in a registry."""
    chart = tmp_path / "strimzi-kafka-operator"
    (chart / "crds").mkdir(parents=True)
    metadata = {"apiVersion": "v1", "name": chart.name, "version": "1.2.0"}
    (chart / "Chart.yaml").write_text(json.dumps(metadata))
    for kind, crd in strimzi_crds.items():
        (chart / f"crds/{kind}.yaml").write_text(json.dumps(crd))
    registry.push_chart(package(chart, tmp_path), "quay.io/strimzi-helm")

    def made(text) -> Options:
        values = tmp_path / "mine.yaml"
        values.write_text(text)
        return opts.options(
            skills=["kafka-k8s-setup"],
            flags=opts.flags([values], None, None, None, None),
            mirrors=[f"quay.io={registry.host}/quay.io"],
            profile="upstream",
            context="admin",
            namespace=namespace,
        )

    return made


def test_fields_of_strimzi_are_rendered(options):
    manifest = template(options(GOOD), ignore)
    assert "kind: KafkaUser" in manifest
    assert "cruiseControl: {}" in manifest


@pytest.mark.parametrize(
    ("verb", "wrong", "words"),
    [
        (
            diff,
            ("cruiseControl", "cruiseControll"),
            "Kafka/kafka: spec.cruiseControll: the field",
        ),
        (template, ("tls: true", "tls: 1"), "Kafka/kafka: spec.kafka.listeners.2.tls: "),
        (template, ("scram-sha-512", "scram"), "KafkaUser/app: spec.authentication.type: "),
    ],
)
def test_a_field_that_strimzi_does_not_take_is_refused_before_anything_changes(
    options, verb, wrong, words
):
    with pytest.raises(InputError) as refused:
        verb(options(GOOD.replace(*wrong)), ignore)
    assert words in str(refused.value.why)
    assert refused.value.what.startswith("1 object would be refused.")
