"""Node ports that releases ask for, against the Services of the cluster."""

import pytest

from learnflow_infra.engine.gate.ports import RANGE, faults, node_ports, range_of

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


def listener(**configuration):
    listeners = [{"name": "external", "configuration": configuration}]
    spec = {"kafka": {"listeners": listeners}}
    return {"kind": "Kafka", "metadata": {"name": "kafka"}, "spec": spec}


def brokers(*ports):
    return [{"broker": index, "nodePort": port} for index, port in enumerate(ports)]


def protocols(*pairs):
    ports = [{"port": 1, "nodePort": port, "protocol": protocol} for port, protocol in pairs]
    return {"kind": "Service", "metadata": {"name": "dns"}, "spec": {"ports": ports}}


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ([service("a", 30000, 32767)], ""),
        ([service("a", 9094)], "9094 of kafka's Service/a is not in the range 30000-32767"),
        ([service("a", 32768)], "is not in the range"),
        ([service("a", 30001), service("b", 30001)], "30001 is requested twice"),
        ([protocols((30001, "TCP"), (30001, "UDP"))], ""),
        ([protocols((30001, "TCP"), (30001, "TCP"))], "30001 is requested twice"),
        ([service("a", 30001, healthCheckNodePort=30001)], "30001 is requested twice"),
        ([listener(bootstrap={"nodePort": 30001}, brokers=brokers(30002, 30003))], ""),
        ([listener(bootstrap={"nodePort": 30003}, brokers=brokers(30002, 30003))], "twice"),
        ([listener(bootstrap={"nodePort": 9094})], "is not in the range"),
        ([listener(bootstrap={"nodePort": 30001}), service("a", 30001)], "twice"),
        ([service("a", 0), service("b", None)], ""),
    ],
)
def test_ports_that_no_cluster_gives(objects, words):
    check = faults({"kafka": objects}, {})
    assert check.passed is not bool(words)
    assert words in check.message
    assert check.passed or check.remedy


def test_the_key_of_a_port_that_is_counted_up_is_named():
    values = {"externalAccess": {"nodePort": 31194, "brokerNodePort": 31193}}
    objects = [service("kafka-external", 31194), service("kafka-external-0", 31193)]
    check = faults({"kafka": [*objects, service("kafka-external-1", 31194)]}, {"kafka": values})
    assert "31194 is requested twice, by kafka's Service/kafka-external and" in check.message
    assert "--set kafka.externalAccess.nodePort=PORT" in str(check.remedy)


def test_two_releases_that_ask_for_the_same_one():
    manifests = {**MANIFESTS, "postgres": [service("postgres-external", 30092)]}
    check = faults(manifests, {})
    assert "30092 is requested twice, by kafka's Service/kafka-external and postgres's" in (
        check.message
    )


SERVER = {"spec": {"containers": [{"command": ["--service-node-port-range=20000-21000"]}]}}


@pytest.mark.parametrize(
    ("servers", "services", "bounds"),
    [
        ([SERVER], [], range(20000, 21001)),
        ([{"spec": {"containers": [{}]}}], [], RANGE),
        ([], [service("a", 30001)], RANGE),
        ([], [service("a", 8080), service("b", 40000)], range(8080, 40001)),
    ],
)
def test_the_range_of_another_cluster(servers, services, bounds):
    assert range_of(servers, services) == bounds
    assert faults({"kafka": [service("a", bounds.start)]}, {}, bounds).passed


def test_helm_cannot_move_a_port_between_two_services_of_a_release():
    live = [service("kafka-external-0", 30092, release="kafka")]
    check = node_ports(live, MANIFESTS, "learnflow")
    assert "belongs to the Service learnflow/kafka-external-0" in check.message


def test_ports_in_a_custom_resource_count_and_its_operators_services_are_its_own():
    resource = listener(bootstrap={"nodePort": 30092})
    made = service("kafka-kafka-external-bootstrap", 30092, release="kafka")
    assert node_ports([made], {"kafka": [resource]}, "learnflow").passed
    assert not node_ports([made], {"kafka": [resource]}, "other").passed


def test_a_schema_that_describes_a_port_requests_none():
    schema = {
        "kind": "X",
        "metadata": {"name": "x"},
        "properties": {"nodePort": {"type": "integer"}},
    }
    unset = service("postgres-external", None)
    assert "0 requested" in node_ports([], {"x": [schema, unset]}, "learnflow").message
