import pytest

from learnflow_infra import documents, paths
from learnflow_infra.checks import Check
from learnflow_infra.engine.gate import checkout, foundation
from learnflow_infra.errors import FoundationError, HostError
from learnflow_infra.locations import Target
from learnflow_infra.models import Profile
from learnflow_infra.skills import library

UPSTREAM = Profile("upstream")


def failed(checks):
    return [check.name for check in checks if not check.passed]


@pytest.mark.parametrize(
    ("minor", "oldest", "message", "upgrade"),
    [
        ("34", {}, "Kubernetes v1.34.0", ""),
        ("27+", {"own": ""}, "Kubernetes v1.27+.0", ""),
        ("26", {}, "Kubernetes v1.26.0", "1.27"),
        ("30", {"operator": "1.30", "own": ""}, "Kubernetes v1.30.0", ""),
        ("29", {"operator": "1.30"}, "Kubernetes v1.29.0; operator needs 1.30 or newer", "1.30"),
        ("9", {"operator": "1.30"}, "Kubernetes v1.9.0; operator needs 1.30 or newer", "1.30"),
        ("26", {"own": "1.20"}, "Kubernetes v1.26.0", "1.27"),
        (
            "29",
            {"a": "1.31", "b": "1.30"},
            "Kubernetes v1.29.0; a needs 1.31 or newer; b needs 1.30 or newer",
            "1.31",
        ),
    ],
)
def test_old_clusters_are_refused(minor, oldest, message, upgrade):
    """By the charts of this project, and by what each release declares."""
    version = {"major": "1", "minor": minor, "gitVersion": f"v1.{minor}.0"}
    check = foundation.version_check(version, oldest)
    assert (check.passed, check.message) == (not upgrade, message)
    assert check.remedy == (f"Upgrade the cluster to {upgrade} or newer." if upgrade else "")


def test_the_operator_of_the_upstream_profile_needs_a_newer_cluster():
    (kafka,) = library.find(["kafka-k8s-setup"], library.load_all(UPSTREAM))
    found = {r.name: c.kubernetes for r in kafka.releases for c in [r.profiles.get(UPSTREAM)] if c}
    assert found == {"strimzi": "1.30", "kafka": ""}


def test_helm_alone_refuses_the_versions_that_are_refused_here():
    charts = list((paths.repo_root() / "skills-library").glob("*/charts/*/Chart.yaml"))
    oldest = {chart.parent.name: documents.load(chart)["kubeVersion"] for chart in charts}
    expected = f">={foundation.OLDEST}.0-0"
    assert oldest == dict.fromkeys(["kafka", "strimzi-kafka", "postgres"], expected)


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
    with pytest.raises(FoundationError, match="2 foundation checks failed") as error:
        foundation.require(results)
    for words in ("m1", "r1", "m3", "r3"):
        assert words in error.value.why


def test_a_machine_that_is_not_enough_is_an_error_of_the_host():
    with pytest.raises(HostError):
        foundation.require(
            [Check(name="host cpu", passed=False, message="m", remedy="r")], HostError
        )
