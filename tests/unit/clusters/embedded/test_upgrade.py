"""Which clusters an `up` keeps, upgrades or refuses, by the versions in their records."""

import errno
import json
import os

import pytest

from learnflow_infra import events
from learnflow_infra.clusters import embedded
from learnflow_infra.clusters import target as targets
from learnflow_infra.clusters.embedded import cluster_files, upgrade
from learnflow_infra.clusters.embedded.programs import binary
from learnflow_infra.engine.verbs import doctor
from learnflow_infra.errors import HostError, RefusedError

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
    assert str(caught.value.remedy).endswith("cluster up --name dev-2")


def test_a_cluster_that_does_not_exist_is_no_upgrade(cluster):
    assert upgrade.pending("dev") is None
    assert embedded.status("dev").version == binary.version()


def test_a_record_says_what_this_checkout_builds(cluster):
    cluster(None)
    assert embedded.status("dev").version == upgrade.UNRECORDED["Kubernetes"]
    upgrade.record("dev", "v1.5.2")
    assert embedded.status("dev").versions == NOW | {"runc": "v1.5.2"}
    assert upgrade.pending("dev") is None


@pytest.mark.parametrize(
    ("versions", "passed", "says"),
    [
        (NOW, [True], "deploy starts it"),
        (None, [True, True], "deploy upgrades embedded cluster dev, which has Kubernetes v1.34.4"),
        (NOW | {"etcd": "v3.8.0"}, [False], "started by a newer version of this program"),
    ],
)
def test_doctor_says_what_a_deploy_does_to_the_cluster(cluster, versions, passed, says):
    cluster(versions)
    target = targets.from_cluster(embedded.status("dev"), "embedded")
    checks = doctor._listed("c", lambda: doctor._cluster_checks(None, target, events.ignore))
    assert ([one.passed for one in checks], says in checks[-1].message) == (passed, True)


DAMAGED = ["", "{", "[]", "{}", '{"versions": {}}', '{"versions": null}', '{"versions": 1}', "\0"]
DAMAGED += ['{"versions": {"etcd": "v3.7.3"}}', '{"versions": {"Kubernetes": 1, "etcd": "v3.7.3"}}']
DAMAGED += ['{"versions": {"Kubernetes": "unknown", "etcd": "v3.7.3"}}']


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_record_is_named_and_stops_only_a_start(cluster, text):
    layout = cluster(None)
    layout.versions.write_text(text)
    assert (embedded.status("dev").state, embedded.status("dev").version) == ("stopped", "unknown")
    with pytest.raises(RefusedError, match="what started the cluster dev last") as caught:
        embedded.up("dev", emit=events.ignore)
    assert str(layout.versions) in str(caught.value.remedy)


def test_a_record_of_a_newer_version_may_say_more(cluster):
    document = {"versions": NOW | {"etcd": "v3.8.0"}, "checkout": "/other", "more": [1]}
    cluster(None).versions.write_text(json.dumps(document))
    with pytest.raises(RefusedError, match="newer version"):
        embedded.up("dev", emit=events.ignore)


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


def test_a_copy_that_fails_leaves_the_one_before(cluster, monkeypatch):
    layout = cluster(None)
    (layout.data("etcd") / "member").mkdir(parents=True)
    copy = upgrade.back_up("dev", upgrade.UNRECORDED)

    def full(source, target):
        target.mkdir()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(upgrade.shutil, "copytree", full)
        with pytest.raises(HostError, match="cannot be copied"):
            upgrade.back_up("dev", NOW)
    assert copy.exists()
    upgrade.back_up("dev", NOW)
    assert [path.name for path in layout.backup.iterdir()] == ["etcd-v3.7.3"]


def test_a_cluster_that_was_cut_off_before_its_etcd_started_has_nothing_to_copy(cluster):
    layout = cluster({"Kubernetes": "v1.36.0", "etcd": "v3.6.0", "containerd": "v2.3.0"})
    assert upgrade.back_up("dev", upgrade.UNRECORDED) is None
    assert not layout.backup.exists()
