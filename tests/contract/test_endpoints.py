"""Endpoints that are read from Services of a real API server."""

import pytest

from learnflow_infra.locations import Address, Target
from learnflow_infra.models import EndpointSpec, PortSpec, ReleaseName, Skill
from learnflow_infra.outputs import stored_record
from learnflow_infra.outputs.discovery import Rendered, discover
from learnflow_infra.outputs.record import Record, Verified

pytestmark = pytest.mark.contract
SPEC = EndpointSpec(
    name="db",
    release=ReleaseName("db"),
    protocol="tcp",
    in_cluster=PortSpec(port="main"),
    host=PortSpec(port="main"),
    parameters={},
    credentials=None,
    env={"DB": "${inCluster.host}"},
    connect=("nc ${host.host} ${host.port}",),
)


LABELS = {"app.kubernetes.io/instance": "db"}
RENDERED = [
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}}
    for name in ("db", "db-external")
]
PORT = 30001
"""In the part of the range from which the server assigns no port."""


def service(kube, namespace, name, kind, *, port=None, **spec):
    ports = [{"name": "main", "port": 5432, **({"nodePort": port} if port else {})}]
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/instance": "db"}},
        "spec": {"type": kind, "ports": ports, "selector": LABELS, **spec},
    }
    kube.request("POST", f"/api/v1/namespaces/{namespace}/services", body=body)


def find(kube, namespace, tmp_path, **target):
    skill = Skill(
        name="demo",
        description="d",
        folder=tmp_path,
        credentials=(),
        releases=(),
        endpoints=(SPEC,),
    )
    where = Target(kind="context", context="kind-x", kubeconfig=None, profile="upstream", **target)
    releases = {"db": Rendered(values={}, objects=RENDERED)}
    (endpoint,) = discover(kube, where, namespace, skill, releases)
    return endpoint


@pytest.fixture
def node_port(kube, namespace):
    service(kube, namespace, "db", "ClusterIP")
    service(kube, namespace, "db-external", "NodePort", port=PORT)
    yield PORT
    kube.delete(f"/api/v1/namespaces/{namespace}/services/db-external")


def test_a_node_port(kube, namespace, node_port, tmp_path):
    endpoint = find(kube, namespace, tmp_path, node_address="10.0.0.7")
    assert endpoint.in_cluster == Address(host=f"db.{namespace}.svc.cluster.local", port=5432)
    assert endpoint.host == Address(host="10.0.0.7", port=node_port)
    assert endpoint.connect == (f"nc 10.0.0.7 {node_port}",)
    assert endpoint.tunnel == ()


def test_a_node_port_through_a_tunnel(kube, namespace, node_port, tmp_path):
    endpoint = find(kube, namespace, tmp_path, node_address="127.0.0.1", tunnel=True)
    (line,) = endpoint.tunnel
    assert line == (f"kubectl -n {namespace} port-forward svc/db-external {node_port}:5432")


def test_a_load_balancer(kube, namespace, tmp_path):
    service(kube, namespace, "db", "ClusterIP")
    service(kube, namespace, "db-external", "LoadBalancer", allocateLoadBalancerNodePorts=False)
    path = f"/api/v1/namespaces/{namespace}/services/db-external/status"
    status = {"status": {"loadBalancer": {"ingress": [{"hostname": "db.example.org"}]}}}
    kube.request("PATCH", path, body=status, content_type="application/merge-patch+json")
    assert find(kube, namespace, tmp_path).host == Address(host="db.example.org", port=5432)


def test_no_way_from_the_host(kube, namespace, tmp_path):
    service(kube, namespace, "db", "ClusterIP")
    service(kube, namespace, "other-release", "NodePort")
    endpoint = find(kube, namespace, tmp_path)
    kube.delete(f"/api/v1/namespaces/{namespace}/services/other-release")
    assert endpoint.host is None
    assert endpoint.connect == ()
    assert endpoint.without_host == "no Service of db has a port outside the cluster"
    assert endpoint.selector == LABELS


def test_a_record_is_read_back_unchanged(kube, namespace):
    assert stored_record.read(kube, namespace) == Record()
    record = Record(
        endpoints={"profile": "upstream", "endpoints": []}, verified={"demo": Verified(at="1")}
    )
    stored_record.write(kube, namespace, record, {"demo"})
    assert stored_record.read(kube, namespace) == record
    stored_record.remove(kube, namespace)
    assert stored_record.read(kube, namespace) == Record()


def test_what_a_run_elsewhere_recorded_meanwhile_stays(kube, namespace):
    def recorded(record, skill, fingerprint):
        entry = {**dict.fromkeys(stored_record.REQUIRED, ""), "name": skill, "skill": skill}
        entry |= {"env": {}, "connect": [], "credentials": None}
        own = Record(endpoints={"endpoints": [entry]}, verified={skill: Verified(at=fingerprint)})
        return record.with_entries(own, {skill})

    first = stored_record.write(kube, namespace, recorded(Record(), "a", "1"), {"a"})
    stored_record.write(kube, namespace, recorded(first, "b", "1"), {"b"})
    late = stored_record.write(kube, namespace, recorded(first, "a", "2"), {"a"})
    assert [item["name"] for item in late.endpoints["endpoints"]] == ["a", "b"]
    assert late.verified == {"a": Verified(at="2"), "b": Verified(at="1")}
    stored_record.write(kube, namespace, first.without({"a"}), {"a"})
    assert stored_record.read(kube, namespace) == late.without({"a"})
