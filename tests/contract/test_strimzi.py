"""The resources of our chart for Strimzi, with Strimzi's own CRDs in a real API server."""

import copy
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from learnflow_infra.clients.api_errors import ApiError
from learnflow_infra.clients.helm_program import executable
from learnflow_infra.engine.release import initial_status, kept_data
from learnflow_infra.engine.release.state import Observed
from learnflow_infra.models import Release
from learnflow_infra.readiness.expected import expected
from learnflow_infra.readiness.view import View
from learnflow_infra.skills import library

pytestmark = pytest.mark.contract
ROOT = Path(__file__).parents[2]
CHART = ROOT / "skills-library/kafka-k8s-setup/charts/strimzi-kafka"
VALUES = ROOT / "charts-values"
STRICT = {"fieldValidation": "Strict"}


def render(namespace, files=("kafka/values.yaml", "kafka/values-upstream.yaml"), **settings):
    command = [executable(), "template", "kafka", str(CHART), "-n", namespace]
    command += [f"--values={VALUES / file}" for file in files]
    command += [f"--set-json={key}={json.dumps(value)}" for key, value in settings.items()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(manifest):
    return [obj for obj in yaml.safe_load_all(manifest) if obj]


def create(kube, served, namespace, obj):
    collection = served.get(obj["kind"], "/api/v1/namespaces/{}/services")
    return kube.request("POST", collection.format(namespace), body=obj, query=STRICT)


EVERYTHING = {
    "controllers": 3,
    "brokers": 3,
    "podAntiAffinity": "hard",
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "kafka", "operator": "Exists", "effect": "NoSchedule"}],
    "priorityClassName": "high",
    "podLabels": {"team": "a"},
    "podAnnotations": {"note": "b"},
    "jvmOptions": "-XX:+UseG1GC -XX:MaxGCPauseMillis=20 -Duser.timezone=UTC",
    "externalAccess": {"enabled": True, "advertisedHost": "127.0.0.1"},
    "persistence": {"size": "5Gi", "storageClass": "fast"},
    "topics": [
        {"name": "Learning_Events", "partitions": 6, "replicationFactor": 3, "config": {"a": 1}},
        {"name": "plain", "metadata": {"annotations": {"strimzi.io/managed": "false"}}},
    ],
    "metadata": {"annotations": {"strimzi.io/pause-reconciliation": "true"}},
    "spec": {
        "kafka": {
            "listeners": [
                {"name": "tls", "port": 9093, "type": "internal", "tls": True},
                {
                    "name": "scram",
                    "port": 9095,
                    "type": "internal",
                    "tls": True,
                    "authentication": {"type": "scram-sha-512"},
                    "networkPolicyPeers": [{"podSelector": {"matchLabels": {"app": "a"}}}],
                },
                {"name": "external", "configuration": {"maxConnections": 10}},
            ],
            "authorization": {"type": "simple", "superUsers": ["ANONYMOUS"]},
            "rack": {"topologyKey": "topology.kubernetes.io/zone"},
            "metricsConfig": {"type": "strimziMetricsReporter", "values": {"allowList": [".*"]}},
            "config": {"log.retention.bytes": 2**60},
            "template": {"bootstrapService": {"metadata": {"annotations": {"a": "b"}}}},
        },
        "entityOperator": {"template": {"pod": {"metadata": {"labels": {"a": "b"}}}}},
        "cruiseControl": {"brokerCapacity": {"inboundNetwork": "10MB/s"}},
        "kafkaExporter": {"topicRegex": ".*"},
        "clusterCa": {"renewalDays": 60, "validityDays": 730},
        "maintenanceTimeWindows": ["* * 0-1 ? * SUN,MON,TUE,WED,THU *"],
    },
    "nodePools": {
        "broker": {
            "metadata": {"labels": {"pool": "first"}},
            "spec": {
                "storage": {
                    "volumes": [
                        {"id": 0, "size": "7Gi"},
                        {"id": 1, "type": "persistent-claim", "size": "10Gi", "class": "slow"},
                    ]
                }
            },
        },
        "big": {"spec": {"replicas": 2, "roles": ["broker"]}},
    },
    "users": {
        "app": {
            "spec": {
                "authentication": {"type": "scram-sha-512"},
                "authorization": {
                    "type": "simple",
                    "acls": [
                        {
                            "resource": {"type": "topic", "name": "a", "patternType": "prefix"},
                            "operations": ["Read", "Describe"],
                        }
                    ],
                },
                "quotas": {"producerByteRate": 1_048_576},
            }
        },
        "tls": {"spec": {"authentication": {"type": "tls"}}},
    },
}


@pytest.mark.parametrize(
    ("files", "settings"),
    [
        ((), {}),
        (("kafka/values.yaml", "kafka/values-upstream.yaml"), {}),
        (("kafka/values.yaml", "kafka/values-upstream.yaml"), EVERYTHING),
    ],
    ids=["defaults", "as deployed", "everything set"],
)
def test_the_server_accepts_every_resource(kube, served, namespace, files, settings):
    made = [
        create(kube, served, namespace, o) for o in objects(render(namespace, files, **settings))
    ]
    assert {"Kafka", "KafkaNodePool"} <= {obj["kind"] for obj in made}


@pytest.mark.parametrize(
    "wrong",
    [
        ("Kafka", lambda spec: spec["kafka"].update(replicas=3), "unknown field"),
        ("Kafka", lambda spec: spec["kafka"].update(listeners=[]), "listeners"),
        ("KafkaNodePool", lambda spec: spec.update(roles=["king"]), "king"),
        ("KafkaTopic", lambda spec: spec.update(partitions=0), "partitions"),
    ],
)
def test_the_server_refuses_invalid_resources(kube, served, namespace, wrong):
    kind, change, words = wrong
    obj = next(obj for obj in objects(render(namespace)) if obj["kind"] == kind)
    changed = copy.deepcopy(obj)
    change(changed["spec"])
    with pytest.raises(ApiError, match=words):
        create(kube, served, namespace, changed)


def test_a_pool_is_created_with_its_cluster_id_and_keeps_another(kube, served, namespace):
    manifest = objects(render(namespace))
    path = served["KafkaNodePool"].format(namespace) + "/broker"
    assert initial_status.create(kube, namespace, "kafka", manifest) == ["KafkaNodePool/broker"]
    pool = kube.find(path)
    cluster_id = pool["status"]["clusterId"]
    assert len(cluster_id) == 22
    assert pool["metadata"]["annotations"]["meta.helm.sh/release-name"] == "kafka"
    assert pool["metadata"]["annotations"]["meta.helm.sh/release-namespace"] == namespace
    assert initial_status.create(kube, namespace, "kafka", manifest) == []
    other = {"status": {"clusterId": "another"}}
    kube.request("PATCH", f"{path}/status", body=other, content_type="application/merge-patch+json")
    assert initial_status.create(kube, namespace, "kafka", manifest) == []
    assert kube.find(path)["status"]["clusterId"] == "another"


def test_a_pool_that_was_created_without_its_status_gets_it(kube, served, namespace):
    pool = next(o for o in objects(render(namespace)) if o["kind"] == "KafkaNodePool")
    create(kube, served, namespace, pool)
    assert initial_status.create(kube, namespace, "kafka", objects(render(namespace))) == [
        "KafkaNodePool/broker"
    ]


def test_resources_are_observed_by_the_server_s_own_names(session, served):
    kube, namespace = session.kube, session.namespace
    manifest = objects(render(namespace))
    desired = expected(manifest)
    release = Release(name="kafka", skill="kafka-k8s-setup", profiles={})
    view = View(kube, session.watches, namespace, release)
    view.follow(desired)
    assert view.snapshot().missing == desired.names
    for obj in manifest:
        create(kube, served, namespace, obj)
    view.follow(desired)
    observed = view.snapshot()
    assert observed.missing == ("StrimziPodSet/kafka-broker",)
    assert not observed.ready
    assert len(observed.objects) == len(desired.names) - 1


def test_a_purge_deletes_the_topics_that_helm_keeps(session, served):
    (kafka,) = [r for s in library.load_all("upstream") for r in s.releases if r.name == "kafka"]
    topics = [o for o in objects(render(session.namespace)) if o["kind"] == "KafkaTopic"]
    for topic in topics:
        create(session.kube, served, session.namespace, topic)
    other = copy.deepcopy(topics[0])
    other["metadata"] |= {"name": "mine", "labels": {"strimzi.io/cluster": "kafka"}}
    create(session.kube, served, session.namespace, other)
    session = replace(session, target=replace(session.target, profile="upstream"))
    data = kept_data.find(session, [], [(kafka, Observed())])
    names = [path.rpartition("/kafkatopics/")[2] for path in data]
    assert names == ["exercise.submitted", "learning.events"]
    kept_data.purge(session, data, [kafka])
    left = session.kube.items(served["KafkaTopic"].format(session.namespace))
    assert [topic["metadata"]["name"] for topic in left] == ["mine"]


def claims(kube, namespace, **nodes):
    """Make the claims of pools' nodes, as Strimzi labels them."""
    for pool, count in nodes.items():
        for number in range(count):
            labels = {"strimzi.io/cluster": "kafka", "strimzi.io/pool-name": pool}
            claim = {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": f"data-{pool}-{number}", "labels": labels},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "1Gi"}},
                },
            }
            path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
            kube.request("POST", path, body=claim)


def by_server(kubeconfig, namespace, **settings):
    server = ("--dry-run=server", f"--kubeconfig={kubeconfig}", "--kube-context=admin")
    command = [executable(), "template", "kafka", str(CHART), "-n", namespace, *server]
    command += [f"--set-json={key}={value}" for key, value in settings.items()]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_brokers_that_are_added_later_do_not_change_the_quorum(kubeconfig, kube, served, namespace):
    claims(kube, namespace, broker=1)
    done = by_server(kubeconfig, namespace, brokers=3)
    assert done.returncode == 0, done.stderr
    pools = [o for o in objects(done.stdout) if o["kind"] == "KafkaNodePool"]
    made = {p["metadata"]["name"]: (p["spec"]["replicas"], p["spec"]["roles"]) for p in pools}
    assert made == {"broker": (1, ["controller", "broker"]), "more": (2, ["broker"])}
    ids = [p["metadata"]["annotations"]["strimzi.io/next-node-ids"] for p in pools]
    assert ids == ["[0-99]", "[1-99]"]


@pytest.mark.parametrize(
    "case",
    [
        ({"broker": 3}, {"brokers": 2}, "keep brokers at 3"),
        ({"broker": 1, "more": 2}, {"brokers": 2}, "keep brokers at 3"),
        ({"broker": 3}, {"brokers": 3, "controllers": 3}, "keep controllers at 0"),
        ({"broker": 3, "controller": 3}, {"brokers": 3, "controllers": 5}, "keep controllers at 3"),
    ],
)
def test_a_change_that_would_lose_records_is_refused(kubeconfig, kube, namespace, case):
    had, settings, words = case
    claims(kube, namespace, **had)
    done = by_server(kubeconfig, namespace, **settings)
    assert done.returncode != 0
    assert words in done.stderr
