"""The endpoints of the real skills, from charts that helm renders; the cluster is imitated."""

import subprocess
from dataclasses import replace

import pytest
import yaml

from learnflow_infra import skills
from learnflow_infra.clients.helm_program import executable
from learnflow_infra.documents import parse_all
from learnflow_infra.locations import Address, Target
from learnflow_infra.models import Profile
from learnflow_infra.outputs.discovery import Rendered, discover
from learnflow_infra.paths import repo_root

ROOT = repo_root()
BITNAMI = ROOT / "tests/charts/postgresql"
OURS = ROOT / "skills-library/postgres-k8s-setup/charts/postgres"
NODE = "10.9.8.7"
SECRET = "postgres-credentials"
TARGET = Target(
    kind="context", context="c", kubeconfig=None, profile=Profile("upstream"), node_address=NODE
)


class Cluster:
    """What a server would make of a manifest: Services with addresses and node ports."""

    def __init__(self, rendered):
        self.rendered = rendered

    def items(self, path):
        assert path == "/api/v1/namespaces/ns/services"
        return [self._live(obj) for obj in self.rendered if obj["kind"] == "Service"]

    def find(self, path):
        name = path.rsplit("/", 1)[1]
        found = (obj for obj in self.rendered if obj["metadata"]["name"] == name)
        return next((obj for obj in found if obj["kind"] == "ConfigMap"), None)

    def _live(self, service):
        if service["spec"].get("type", "ClusterIP") != "ClusterIP":
            for port in service["spec"]["ports"]:
                port.setdefault("nodePort", 30111)
        return service


def endpoint(tmp_path, chart, profile, values):
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    shared = ROOT / "charts-values/postgres"
    files = (shared / "values.yaml", shared / f"values-{profile}.yaml", file)
    options = [text for each in files for text in ("-f", str(each))]
    command = [str(executable()), "template", "postgres", str(chart), "-n", "ns", *options]
    done = subprocess.run(
        [*command, "--set-string", "image.tag=x"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rendered = list(parse_all(done.stdout))
    skill = skills.load(ROOT / "skills-library/postgres-k8s-setup", Profile(profile))
    releases = {"postgres": Rendered(values={}, objects=rendered)}
    (found,) = discover(Cluster(rendered), TARGET, "ns", skill, releases)
    return found


OUR_TABLE = {
    "as it is": ({}, {}),
    "fullnameOverride": ({"fullnameOverride": "db"}, {"service": "db"}),
    "nameOverride": ({"nameOverride": "pg"}, {}),
    "no user": ({"auth": {"username": ""}}, {"user": "postgres", "key": "postgres-password"}),
    "no database": ({"auth": {"database": ""}}, {"database": "postgres"}),
    "another Secret": (
        {"auth": {"existingSecret": "{{ .Release.Name }}-x"}},
        {"secret": "postgres-x"},
    ),
    "another key": ({"auth": {"secretKeys": {"userPasswordKey": "app.pw"}}}, {"key": "app.pw"}),
    "another port": ({"primary": {"service": {"ports": {"postgresql": 6000}}}}, {"port": 6000}),
    "another container port": ({"containerPorts": {"postgresql": 6000}}, {}),
    "nothing outside": ({"externalAccess": {"enabled": False}}, {"host": None}),
    "any node port": (
        {"externalAccess": {"service": {"nodePorts": {"postgresql": None}}}},
        {"host": 30111},
    ),
    "two node ports": ({"primary": {"service": {"type": "NodePort"}}}, {}),
    "a load balancer": ({"primary": {"service": {"type": "LoadBalancer"}}}, {}),
}
BITNAMI_TABLE = {
    "as it is": ({}, {}),
    "a Secret of the chart": ({"auth": {"existingSecret": ""}}, {"secret": "postgres"}),
    "postgresPassword": ({"auth": {"postgresPassword": "x"}}, {}),
    "postgresPassword in the chart's Secret": (
        {"auth": {"existingSecret": "", "postgresPassword": "x"}},
        {"secret": "postgres"},
    ),
    "a global database": (
        {"global": {"postgresql": {"auth": {"database": "shop"}}}},
        {"database": "shop"},
    ),
    "a global user": ({"global": {"postgresql": {"auth": {"username": "me"}}}}, {"user": "me"}),
    "a global Secret": (
        {"global": {"postgresql": {"auth": {"existingSecret": "s"}}}},
        {"secret": "s"},
    ),
    "a global key": (
        {"global": {"postgresql": {"auth": {"secretKeys": {"userPasswordKey": "k"}}}}},
        {"key": "k"},
    ),
    "a global port": (
        {"global": {"postgresql": {"service": {"ports": {"postgresql": 1}}}}},
        {"port": 1},
    ),
    "a global name": ({"global": {"postgresql": {"fullnameOverride": "g"}}}, {"service": "g"}),
    "replication": ({"architecture": "replication"}, {"service": "postgres-primary"}),
    "replication with another name": (
        {"architecture": "replication", "primary": {"name": "main"}},
        {"service": "postgres-main"},
    ),
    "replicas outside": (
        {"architecture": "replication", "readReplicas": {"service": {"type": "NodePort"}}},
        {"service": "postgres-primary"},
    ),
    "metrics": ({"metrics": {"enabled": True}}, {}),
    "sidecars": ({"primary": {"sidecars": [{"name": "a", "image": "b"}]}}, {}),
    "nothing outside": ({"primary": {"service": {"type": "ClusterIP"}}}, {"host": None}),
    "no files": ({"auth": {"usePasswordFiles": False}}, {}),
    "no superuser": ({"auth": {"enablePostgresUser": False}}, {"roles": {"password"}}),
    "no user": ({"auth": {"username": ""}}, {"user": "postgres", "key": "postgres-password"}),
    "the chart's own name": ({"fullnameOverride": ""}, {"service": "postgres-postgresql"}),
    "nameOverride": ({"fullnameOverride": "", "nameOverride": "gres"}, {"service": "postgres"}),
    "a user in a ConfigMap": (
        {
            "auth": {"username": ""},
            "primary": {"extraEnvVarsCM": "own"},
            "extraDeploy": [
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": "own"},
                    "data": {"POSTGRES_DB": "shop"},
                }
            ],
            "global": {"postgresql": {"auth": {"database": ""}}},
        },
        {"user": "postgres", "key": "postgres-password"},
    ),
}


def check(
    found,
    *,
    service="postgres",
    port=5432,
    host=30432,
    database="learnflow",
    user="learnflow",
    secret=SECRET,
    key="password",
    roles=None,
):
    assert found.in_cluster == Address(host=f"{service}.ns.svc.cluster.local", port=port)
    assert found.host == (Address(host=NODE, port=host) if host else None)
    assert found.parameters == {"database": database, "username": user}
    assert found.credentials["secret"] == secret
    assert found.credentials["keys"]["password"] == key
    assert roles is None or set(found.credentials["keys"]) == roles
    assert found.selector["app.kubernetes.io/component"] == "primary"
    lines = "\n".join(found.connect)
    assert f"exec -it svc/{service} " in lines
    assert ("get secret" in lines) == bool(host)
    assert bool(found.without_host) == (host is None)


@pytest.mark.parametrize("case", OUR_TABLE)
def test_our_chart(case, tmp_path):
    values, expected = OUR_TABLE[case]
    check(endpoint(tmp_path, OURS, "embedded", values), **expected)


@pytest.mark.parametrize("case", BITNAMI_TABLE)
def test_bitnami_s_chart(case, tmp_path):
    values, expected = BITNAMI_TABLE[case]
    check(endpoint(tmp_path, BITNAMI, "upstream", values), **expected)


BROKERS = {
    "strimzi.io/cluster": "kafka",
    "strimzi.io/kind": "Kafka",
    "strimzi.io/name": "kafka-kafka",
}
ALL_BROKERS = {**BROKERS, "strimzi.io/broker-role": "true"}
ONE_BROKER = {**BROKERS, "statefulset.kubernetes.io/pod-name": "kafka-broker-0"}


def made_by_strimzi(name, port, number, selector, node_port=None, **spec):
    """A Service as Strimzi names it (documentation of listeners), owned by the Kafka resource."""
    entry = {"name": port, "port": number, **({"nodePort": node_port} if node_port else {})}
    kind = "NodePort" if node_port else "ClusterIP"
    return {
        "kind": "Service",
        "metadata": {"name": name, "ownerReferences": [{"kind": "Kafka", "name": "kafka"}]},
        "spec": {"type": kind, "selector": selector, "ports": [entry], **spec},
    }


INTERNAL = [
    made_by_strimzi("kafka-kafka-bootstrap", "tcp-clients", 9092, ALL_BROKERS),
    made_by_strimzi("kafka-kafka-brokers", "tcp-clients", 9092, BROKERS, clusterIP="None"),
]
EXTERNAL = [
    made_by_strimzi("kafka-kafka-external-bootstrap", "tcp-external", 9094, ALL_BROKERS, 30092),
    made_by_strimzi("kafka-broker-0", "tcp-external", 9094, ONE_BROKER, 30093),
]


class Operated(Cluster):
    """A cluster with Services that an operator made."""

    def __init__(self, services):
        self.services = services

    def items(self, _path):
        return self.services


def of_strimzi(services, target=TARGET, own=None):
    skill = skills.load(ROOT / "skills-library/kafka-k8s-setup", Profile("upstream"))
    kafka = {"kind": "Kafka", "metadata": {"name": "kafka"}, "spec": {"kafka": {"template": {}}}}
    releases = {"kafka": Rendered(values={}, objects=[kafka, *([own] if own else [])])}
    (found,) = discover(Operated(services), target, "ns", skill, releases)
    return found


def test_the_chart_s_own_service_is_the_address_that_applications_know():
    own = {
        "kind": "Service",
        "metadata": {"name": "kafka"},
        "spec": {"selector": ALL_BROKERS, "ports": [{"name": "tcp-clients", "port": 9092}]},
    }
    found = of_strimzi([*INTERNAL, *EXTERNAL, own], own=own)
    assert found.in_cluster == Address(host="kafka.ns.svc.cluster.local", port=9092)
    assert found.host == Address(host=NODE, port=30092)
    assert found.selector == ALL_BROKERS
    assert found.env == {"KAFKA_BOOTSTRAP_SERVERS": "kafka.ns.svc.cluster.local:9092"}


def test_services_that_an_operator_makes():
    found = of_strimzi(INTERNAL + EXTERNAL)
    inside = Address(host="kafka-kafka-bootstrap.ns.svc.cluster.local", port=9092)
    assert (found.in_cluster, found.host) == (inside, Address(host=NODE, port=30092))
    assert found.selector == ALL_BROKERS
    assert "kcat" in found.connect[0]


def test_an_operator_that_opens_nothing():
    found = of_strimzi(INTERNAL)
    assert found.host is None
    (line,) = found.connect
    assert "exec svc/kafka-kafka-bootstrap -c kafka" in line


def test_without_the_nodes_addresses_tunnels_lead_to_node_ports():
    why = "this user may not read the nodes"
    target = replace(TARGET, node_address="127.0.0.1", tunnel=True, without_nodes=why)
    found = of_strimzi(INTERNAL + EXTERNAL, target)
    assert found.host == Address(host="127.0.0.1", port=30092)
    assert found.without_node_port == why
    assert found.tunnel == (
        "kubectl -n ns port-forward svc/kafka-kafka-external-bootstrap 30092:9094",
        "kubectl -n ns port-forward svc/kafka-broker-0 30093:9094",
    )


def test_a_load_balancers_address_needs_no_tunnel():
    status = {"loadBalancer": {"ingress": [{"ip": "10.0.0.9"}]}}
    balanced = [{**EXTERNAL[0], "status": status}, EXTERNAL[1]]
    target = replace(TARGET, node_address="127.0.0.1", tunnel=True, without_nodes="why")
    found = of_strimzi(INTERNAL + balanced, target)
    assert found.host == Address(host="10.0.0.9", port=9094)
    assert (found.tunnel, found.without_node_port) == ((), "")
