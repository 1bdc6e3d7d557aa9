"""Deleting a cluster, and commands that are refused."""

import pytest

from learnflow_infra import events, paths
from learnflow_infra.clusters import embedded
from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.errors import ClusterUnreachableError, HostError
from tests.cluster.conftest import NAME, leftovers

RECIPE = "skills-library/postgres-k8s-setup/images/postgresql"


def test_a_subnet_in_use_is_refused_and_nothing_is_created(cluster):
    own = cluster_files.load(NAME).subnet
    with pytest.raises(HostError, match="in use"):
        embedded.up("cluster-test-4", emit=events.ignore, subnet=own)
    assert embedded.status("cluster-test-4").state == "absent"


def test_another_subnet_for_an_existing_cluster_is_refused(cluster):
    embedded.stop(NAME, emit=events.ignore)
    with pytest.raises(HostError, match="exists with subnet"):
        embedded.up(NAME, emit=events.ignore, subnet="10.99.0.0/30")


def test_images_need_a_running_cluster():
    with pytest.raises(ClusterUnreachableError):
        embedded.load_images("cluster-test-5", [paths.repo_root() / RECIPE], emit=events.ignore)


def test_deleting_an_absent_cluster_changes_nothing():
    emitted = []
    embedded.delete("cluster-test-6", emit=emitted.append)
    assert emitted[-1].changed is False


def test_delete_leaves_nothing(cluster):
    embedded.up(NAME, emit=events.ignore)
    config = cluster_files.load(NAME)
    assert leftovers(config)  # or the comparison below would prove nothing
    embedded.delete(NAME, emit=events.ignore)
    assert leftovers(config) == []
    assert not cluster_files.layout(NAME).root.exists()
    assert embedded.status(NAME).state == "absent"
