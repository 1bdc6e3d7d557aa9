"""Node ports that releases ask for, against the Services of the cluster."""

import pytest

from learnflow_infra.engine.gate.ports import node_ports

KAFKA = {"externalAccess": {"enabled": True, "nodePort": 30092, "brokerNodePort": 30093}}


def service(name, *ports, namespace="learnflow", release="", **spec):
    labels = {"app.kubernetes.io/instance": release} if release else None
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"ports": [{"port": 1, "nodePort": port} for port in ports], **spec},
    }


MANIFESTS = {"kafka": [service("kafka-external", 30092), service("kafka-external-0", 30093)]}


def test_free_ports_pass():
    check = node_ports([service("web", 31000, namespace="web")], MANIFESTS, "learnflow")
    assert check.passed
    assert "2 requested" in check.message


def test_a_release_keeps_its_own_ports():
    own = service("kafka-external", 30092, release="kafka")
    assert node_ports([own], MANIFESTS, "learnflow").passed


def test_a_port_of_another_namespace_is_named_with_its_service_and_the_key_to_set():
    others = [
        service("kafka-external", 30092, namespace="learnflow", release="kafka"),
        service("kafka-external-1", 30094, namespace="learnflow", release="kafka"),
    ]
    manifests = {"kafka": [service("kafka-external", 30092), service("kafka-external-1", 30094)]}
    check = node_ports(others, manifests, "other", {"kafka": KAFKA})
    assert not check.passed
    assert "30092, which kafka requests, belongs to the Service learnflow/kafka-external" in (
        check.message
    )
    assert "--set kafka.externalAccess.nodePort=PORT" in str(check.remedy)
    assert "--set kafka.externalAccess.brokerNodePort=PORT" in str(check.remedy)


@pytest.mark.parametrize(
    "holder",
    [
        service("web", 30092),
        service("web", 30092, release="web"),
        service("web", healthCheckNodePort=30092),
    ],
)
def test_any_service_of_the_same_namespace_may_have_it(holder):
    check = node_ports([holder], MANIFESTS, "learnflow")
    assert "learnflow/web" in check.message
    assert "--set kafka." in str(check.remedy)


def test_two_releases_that_ask_for_the_same_one():
    manifests = {**MANIFESTS, "postgres": [service("postgres-external", 30092)]}
    check = node_ports([], manifests, "learnflow")
    assert "30092, which postgres requests, belongs to the release kafka" in check.message


def test_ports_in_a_custom_resource_count_and_its_operators_services_are_its_own():
    listener = {"name": "external", "configuration": {"bootstrap": {"nodePort": 30092}}}
    resource = {"kind": "Kafka", "spec": {"kafka": {"listeners": [listener]}}}
    made = service("kafka-kafka-external-bootstrap", 30092, release="kafka")
    assert node_ports([made], {"kafka": [resource]}, "learnflow").passed
    assert not node_ports([made], {"kafka": [resource]}, "other").passed


def test_a_schema_that_describes_a_port_requests_none():
    schema = {"properties": {"nodePort": {"type": "integer"}}}
    unset = service("postgres-external", None)
    assert "0 requested" in node_ports([], {"x": [schema, unset]}, "learnflow").message
