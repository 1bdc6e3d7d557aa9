"""Which clusters an `up` keeps, upgrades or refuses, by the versions in their records."""

import json

import pytest

from learnflow_infra import events
from learnflow_infra.clusters import embedded
from learnflow_infra.clusters.embedded import cluster_files, upgrade
from learnflow_infra.clusters.embedded.programs import binary
from learnflow_infra.errors import RefusedError

NOW = {"Kubernetes": "v1.37.2", "etcd": "v3.7.3", "containerd": "v2.4.2"}
BEFORE_CONTAINERD = {"Kubernetes": "v1.37.2", "etcd": "v3.7.3"}


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A function that makes the files of a cluster with these versions (None: no record)."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(upgrade, "own", lambda: dict(NOW))

    def make(versions):
        layout = cluster_files.layout("dev")
        layout.root.mkdir(parents=True)
        cluster_files.save(cluster_files.Config(name="dev", subnet="10.213.3.0/30"))
        layout.ready.write_text("{}")
        if versions:
            layout.versions.write_text(json.dumps({"versions": versions, "checkout": "/other"}))
        return layout

    return make


@pytest.mark.parametrize(
    ("versions", "from_"),
    [
        (None, upgrade.UNRECORDED),
        (NOW | {"Kubernetes": "v1.36.9"}, NOW | {"Kubernetes": "v1.36.9"}),
        (NOW | {"Kubernetes": "v1.37.1"}, NOW | {"Kubernetes": "v1.37.1"}),
        (NOW | {"containerd": "v2.4.1"}, NOW | {"containerd": "v2.4.1"}),
        (BEFORE_CONTAINERD, BEFORE_CONTAINERD),  # the distribution's, which was not recorded
        (NOW, None),
        (NOW | {"Kubernetes": "v1.37.10", "etcd": "v3.7.4"}, None),  # a patch changes no format
        (NOW | {"runc": "v1.1.5+ds1"}, None),  # it has no data
        (NOW | {"runc": "v9.0.0"}, None),
    ],
)
def test_an_older_cluster_is_upgraded_and_a_patch_back_is_none(cluster, versions, from_):
    cluster(versions)
    assert upgrade.pending("dev") == from_


@pytest.mark.parametrize(
    "newer",
    [
        {"Kubernetes": "v1.38.0"},
        {"etcd": "v3.8.0"},
        {"etcd": "v4.0.0"},
        {"containerd": "v2.5.0"},
        {"added": "v0.1.0"},
    ],
)
def test_a_newer_cluster_is_refused_before_anything_is_built(cluster, newer):
    cluster(NOW | newer)
    with pytest.raises(RefusedError) as caught:
        embedded.up("dev", emit=events.ignore)
    assert next(iter(newer.values())) in str(caught.value.why)
    assert "Use that checkout (/other)" in str(caught.value.remedy)
    assert "cluster up --name dev-2" in str(caught.value.remedy)


def test_a_cluster_that_does_not_exist_is_no_upgrade(cluster):
    assert upgrade.pending("dev") is None
    assert embedded.status("dev").version == binary.version()


def test_a_record_says_what_this_checkout_builds(cluster):
    cluster(None)
    assert embedded.status("dev").version == upgrade.UNRECORDED["Kubernetes"]
    upgrade.record("dev", "v1.5.2")
    assert embedded.status("dev").versions == NOW | {"runc": "v1.5.2"}
    assert upgrade.pending("dev") is None


def test_versions_are_a_list_for_people():
    assert upgrade.text(BEFORE_CONTAINERD) == "Kubernetes v1.37.2 and etcd v3.7.3"
    assert upgrade.text(NOW) == "Kubernetes v1.37.2, etcd v3.7.3 and containerd v2.4.2"


def test_etcds_data_are_copied_and_the_last_copy_is_kept(cluster):
    layout = cluster(None)
    (layout.data("etcd") / "member").mkdir(parents=True)
    (layout.data("etcd") / "member/db").write_text("objects")
    upgrade.back_up("dev", {"etcd": "v3.5.0"})
    copy = upgrade.back_up("dev", upgrade.UNRECORDED)
    assert (copy / "member/db").read_text() == "objects"
    assert [path.name for path in layout.backup.iterdir()] == ["etcd-v3.6.5"]
    assert layout.backup.stat().st_mode & 0o077 == 0
