"""Which Services lead to a server: tables of Services in short, and the ones chosen."""

import pytest

from learnflow_infra.models import PortSpec
from learnflow_infra.outputs.services import leading_to, of_release, outside

PODS = [{"app": "db", "role": "primary"}]
WANTED = PortSpec(port="sql")


def service(
    name, kind="ClusterIP", *, selector=None, node_port=None, ingress=None, owner=None, port=None
):
    entry = {
        "name": "sql",
        "port": 5432,
        **({"nodePort": node_port} if node_port else {}),
        **(port or {}),
    }
    balancer = {"loadBalancer": {"ingress": [{"ip": ingress}] if ingress else None}}
    owners = [{"kind": owner[0], "name": owner[1]}] if owner else []
    headless = {"clusterIP": "None"} if kind == "headless" else {}
    return {
        "kind": "Service",
        "metadata": {"name": name, "ownerReferences": owners},
        "spec": {
            "type": "ClusterIP" if headless else kind,
            "selector": PODS[0] if selector is None else selector,
            "ports": [entry],
            **headless,
        },
        "status": balancer,
    }


ONE_POD = {"app": "db", "statefulset.kubernetes.io/pod-name": "db-0"}
BALANCED = service("db", "LoadBalancer", node_port=1, ingress="1.2.3.4")
READ = {"app": "db", "role": "read"}
TABLE = {
    "the main Service": ([service("db"), service("db-hl", "headless")], "db", None),
    "headless alone": ([service("db-hl", "headless")], "db-hl", None),
    "a node port of its own": (
        [service("db-external", "NodePort", node_port=1), service("db")],
        "db",
        "db-external",
    ),
    "one Service for both": ([service("db", "NodePort", node_port=1)], "db", "db"),
    "both have node ports": (
        [service("db", "NodePort", node_port=1), service("db-external", "NodePort", node_port=2)],
        "db",
        "db-external",
    ),
    "a load balancer's address": (
        [BALANCED, service("db-external", "NodePort", node_port=2)],
        "db",
        "db",
    ),
    "a load balancer that nobody serves": (
        [service("db"), service("db-external", "LoadBalancer", node_port=1)],
        "db",
        "db-external",
    ),
    "a load balancer without node ports": ([service("db", "LoadBalancer")], "db", None),
    "replicas have their own": (
        [service("db-primary"), service("db-r", "NodePort", node_port=1, selector=READ)],
        "db-primary",
        None,
    ),
    "a Service of one pod": (
        [service("db"), service("d", "NodePort", node_port=1, selector=ONE_POD)],
        "db",
        None,
    ),
    "another port": ([service("db"), service("a", port={"name": "metrics"})], "db", None),
    "another protocol": ([service("db"), service("a", port={"protocol": "UDP"})], "db", None),
    "the target port": ([service("db", port={"name": "x", "targetPort": "sql"})], "db", None),
    "nothing": ([service("db", selector={})], None, None),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_services_of_a_server(case):
    services, inside, host = TABLE[case]
    found = leading_to(services, WANTED, PODS)
    assert next((item.name for item in found), None) == inside
    chosen = outside(found, found[0]) if found else None
    assert (chosen and chosen.name) == host


def test_a_named_service_needs_no_selector():
    services = [service("a"), service("b", selector={})]
    (found,) = leading_to(services, PortSpec(port="5432", service="b"), [])
    assert found.name == "b"


def test_the_services_of_a_release_are_rendered_or_made_by_what_is_rendered():
    rendered = [service("db"), {"kind": "Kafka", "metadata": {"name": "k"}}]
    live = [service("db"), service("x"), service("k-bootstrap", owner=("Kafka", "k"))]
    live.append(service("y", owner=("Kafka", "other")))
    names = [item["metadata"]["name"] for item in of_release(live, rendered)]
    assert names == ["db", "k-bootstrap"]
