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
    def volume(name, namespace="ns", **stats):
        return {"name": "data", "pvcRef": {"name": name, "namespace": namespace}, **stats}

    def of(*volumes):
        bound = {"capacity": {"storage": "10"}}
        claims = [claim(f"data-{number}", status=bound) for number in range(3)]
        summary = {"pods": [{"volume": [*volumes, {"name": "tmp", "usedBytes": 1}]}, {}]}
        return usage.of_claims([summary, {}], [*claims, claim("data-3")])

    known = {"usedBytes": 5, "capacityBytes": 9}
    assert of(volume("data-0", **known)) == {"data-0": 5}
    assert of(volume("data-1", namespace="other", **known)) == {}
    assert of(volume("data-2", capacityBytes=9)) == {}
    assert of(volume("data-3", **known)) == {}


def test_a_folder_of_a_larger_file_system_has_no_use_of_its_own():
    shared = {"name": "data-0", "namespace": "ns"}
    volume = {"name": "data", "pvcRef": shared, "usedBytes": 48, "capacityBytes": 250}
    bound = claim(status={"capacity": {"storage": "200"}})
    assert usage.of_claims([{"pods": [{"volume": [volume]}]}], [bound]) == {}


def test_only_nodes_of_pods_with_claims_are_asked():
    with_claim = {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data-0"}}]}
    pods = [
        {"spec": {"nodeName": "a", **with_claim}},
        {"spec": {"nodeName": "b", "volumes": [{"name": "tmp", "emptyDir": {}}]}},
        {"spec": with_claim},
    ]
    assert usage.nodes(pods) == ["a"]
