"""What a deletion loses, in lines for people."""

import pytest

from learnflow_infra.engine.release import losses, usage

NOW = 1_000_000_000.0
BORN = "2001-09-08T01:46:40Z"
"""A day before NOW."""


def claim(name="data-0", **more):
    metadata = {"name": name, "namespace": "ns", "creationTimestamp": BORN}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, **more}


REQUEST = {"resources": {"requests": {"storage": "3Gi"}}}


@pytest.mark.parametrize(
    ("obj", "used", "line"),
    [
        (claim(status={"capacity": {"storage": "8Gi"}}, spec=REQUEST), None, "8Gi, 1d0h old"),
        (claim(spec=REQUEST), None, "3Gi, 1d0h old"),
        (claim(spec=REQUEST), 312 * 2**20, "3Gi, 312Mi used, 1d0h old"),
        (claim(), 0, "unbound, 0B used, 1d0h old"),
    ],
)
def test_a_claim_is_listed_with_size_use_and_age(obj, used, line):
    path = "/api/v1/namespaces/ns/persistentvolumeclaims/data-0"
    assert losses.line(path, obj, NOW, used) == f"persistentvolumeclaims/data-0: {line}"


def test_a_secret_has_no_size():
    secret = {**claim("s"), "kind": "Secret"}
    assert losses.line("/api/v1/namespaces/ns/secrets/s", secret, NOW) == "secrets/s: 1d0h old"


def test_a_cluster_loses_its_releases_and_claims():
    def revision(name, number):
        labels = {"name": name, "owner": "helm"}
        metadata = {"name": f"sh.helm.release.v1.{name}.v{number}", "namespace": "ns"}
        return {"type": "helm.sh/release.v1", "metadata": {**metadata, "labels": labels}}

    secrets = [revision("postgres", 1), revision("kafka", 1), revision("kafka", 2)]
    assert losses.of_cluster(secrets, [claim(spec=REQUEST)], NOW) == [
        "namespace ns: the releases kafka, postgres",
        "claim ns/data-0: 3Gi, 1d0h old",
    ]


def test_the_use_of_claims_is_the_kubelets():
    volume = {"usedBytes": 5, "name": "data", "pvcRef": {"name": "data-0", "namespace": "ns"}}
    other = {**volume, "pvcRef": {"name": "data-1", "namespace": "other"}}
    unknown = {"name": "data", "pvcRef": {"name": "data-2", "namespace": "ns"}}
    summary = {"pods": [{"volume": [volume, other, unknown, {"name": "tmp", "usedBytes": 1}]}, {}]}
    assert usage.of_claims([summary, {}], "ns") == {"data-0": 5}


def test_only_nodes_of_pods_with_claims_are_asked():
    with_claim = {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data-0"}}]}
    pods = [
        {"spec": {"nodeName": "a", **with_claim}},
        {"spec": {"nodeName": "b", "volumes": [{"name": "tmp", "emptyDir": {}}]}},
        {"spec": with_claim},
    ]
    assert usage.nodes(pods) == ["a"]
