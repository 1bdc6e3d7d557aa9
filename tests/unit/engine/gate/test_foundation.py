import pytest

from learnflow_infra.checks import Check
from learnflow_infra.engine.gate import checkout, foundation
from learnflow_infra.engine.gate.capacity import capacity
from learnflow_infra.errors import FoundationError, HostError
from learnflow_infra.locations import Target
from learnflow_infra.models import Foundation, Profile

NEEDED = Foundation(cpu=0.5, memory=2**30, storage=2**31)


def node(*, ready="True", disk_pressure="False", cpu="2", memory="4Gi"):
    conditions = [
        {"type": "Ready", "status": ready},
        {"type": "DiskPressure", "status": disk_pressure},
    ]
    allocatable = {"cpu": cpu, "memory": memory, "ephemeral-storage": "50Gi"}
    return {
        "metadata": {"name": "n"},
        "status": {"conditions": conditions, "allocatable": allocatable},
    }


def pod(cpu, phase="Running"):
    containers = [{"resources": {"requests": {"cpu": cpu}}}]
    return {"spec": {"nodeName": "n", "containers": containers}, "status": {"phase": phase}}


def failed(checks):
    return [check.name for check in checks if not check.passed]


def test_a_node_with_room_is_enough():
    assert failed(capacity([node()], [pod("1")], NEEDED)) == []


def test_free_disk_is_checked_if_it_is_known():
    by_name = {check.name: check for check in capacity([node()], [], NEEDED, 2**30)}
    assert not by_name["disk"].passed
    assert by_name["disk"].message == "1024 MiB free, 2048 needed"


def test_requests_of_running_pods_reduce_the_capacity():
    assert failed(capacity([node()], [pod("1800m")], NEEDED)) == ["cpu"]


def test_pods_that_ended_take_nothing():
    assert failed(capacity([node()], [pod("1800m", phase="Succeeded")], NEEDED)) == []


@pytest.mark.parametrize("bad", [node(ready="False"), node(disk_pressure="True")])
def test_a_node_that_is_not_usable_does_not_count(bad):
    found = capacity([bad], [], NEEDED)
    assert failed(found) == ["nodes", "cpu", "memory", "disk"]
    assert all(check.remedy for check in found)


def storage_class(name, default):
    mark = {"storageclass.kubernetes.io/is-default-class": default}
    return {"metadata": {"name": name, "annotations": mark}}


def test_a_default_storage_class_is_needed():
    assert foundation.default_storage_class([storage_class("a", "true")]).passed
    check = foundation.default_storage_class(
        [storage_class("a", "false"), {"metadata": {"name": "b"}}]
    )
    assert not check.passed
    assert "a, b" in str(check.remedy)


@pytest.mark.parametrize(("minor", "passed"), [("34", True), ("27+", True), ("26", False)])
def test_old_clusters_are_refused(minor, passed):
    version = {"major": "1", "minor": minor, "gitVersion": f"v1.{minor}.0"}
    assert foundation.version_check(version).passed is passed


def test_a_phase_directory_that_cannot_be_written(tmp_path):
    file = tmp_path / "file"
    file.touch()
    found = checkout.checks(target(cluster="x"), file / "phase")
    assert failed(found) == ["phase directory"]


def test_another_cluster_needs_a_kubectl(tmp_path):
    assert failed(checkout.checks(target(kubectl="no-such-kubectl"), tmp_path)) == ["kubectl"]
    embedded = target(cluster="x", kubectl="no-such-kubectl")
    assert failed(checkout.checks(embedded, tmp_path)) == []


def target(**fields):
    return Target(
        kind="context", context="c", kubeconfig=None, profile=Profile("embedded"), **fields
    )


def test_all_failures_are_named_at_once_with_their_remedies():
    results = [
        Check(name="a", passed=False, message="m1", remedy="r1"),
        Check(name="b", passed=True, message="m2"),
        Check(name="c", passed=False, message="m3", remedy="r3"),
    ]
    with pytest.raises(FoundationError, match="2 of 3 foundation checks failed") as error:
        foundation.require(results)
    for words in ("m1", "r1", "m3", "r3"):
        assert words in error.value.why


def test_a_machine_that_is_not_enough_is_an_error_of_the_host():
    with pytest.raises(HostError):
        foundation.require(
            [Check(name="host cpu", passed=False, message="m", remedy="r")], HostError
        )
