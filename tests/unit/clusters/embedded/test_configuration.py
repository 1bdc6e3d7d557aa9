"""The configuration files of the node: every file parses, and has the values that it needs."""

import configparser
import json
import shlex
import tomllib

import pytest
import yaml

from learnflow_infra.clients.api_errors import NotFoundError
from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.clusters.embedded.control_plane import addons, components, configuration

CONFIG = cluster_files.Config(name="dev", subnet="10.213.3.0/30", snapshotter="overlayfs")
PAUSE = "learnflow.local/pause:1"


def filled(capable=False):
    return configuration.values(
        CONFIG, version="v1.37.2", capable=capable, pause_image=PAUSE, runc="/usr/sbin/runc"
    )


def text(name, **options):
    return configuration.text(name, filled(**options))


@pytest.mark.parametrize("name", [n for n in configuration.TEMPLATES if n.endswith(".yaml")])
def test_yaml_files_parse(name):
    assert all(yaml.safe_load_all(text(name)))


def test_json_files_parse():
    assert json.loads(text("10-learnflow.conflist"))


@pytest.mark.parametrize(("capable", "restrict", "score"), [(True, False, -999), (False, True, 0)])
def test_without_cap_sys_resource_no_score_is_lowered(capable, restrict, score):
    containerd = tomllib.loads(text("containerd.toml", capable=capable))
    images = containerd["plugins"]["io.containerd.cri.v1.images"]
    runtime = containerd["plugins"]["io.containerd.cri.v1.runtime"]
    assert runtime["restrict_oom_score_adj"] is restrict
    assert images["pinned_images"]["sandbox"] == PAUSE
    assert images["snapshotter"] == "overlayfs"
    assert yaml.safe_load(text("kubelet.yaml", capable=capable))["oomScoreAdj"] == score


def test_containerd_reads_no_file_of_the_host():
    containerd = tomllib.loads(text("containerd.toml"))
    assert containerd["imports"] == []
    assert "/etc/" not in "".join(
        line for line in text("containerd.toml").splitlines() if not line.startswith("#")
    )


def test_the_kubelet_evicts_by_amounts_and_never_collects_images():
    kubelet = yaml.safe_load(text("kubelet.yaml"))
    assert kubelet["imageGCHighThresholdPercent"] == 100
    assert not any(
        value.endswith("%") for key, value in kubelet["evictionHard"].items() if "available" in key
    )


def sections():
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(configuration.supervisor(CONFIG))
    return parser


def test_every_component_is_supervised_for_ever_with_a_rotated_log():
    parser = sections()
    programs = [name for name in parser.sections() if name.startswith("program:")]
    assert len(programs) == 9
    for name in programs:
        assert parser[name]["autorestart"] == "true"
        assert parser[name]["startsecs"] == "0"
        assert parser[name]["stdout_logfile_maxbytes"] == "5MB"
        assert "%" not in parser[name]["command"]  # supervisord would expand it


def test_etcd_starts_before_the_kubelet_and_stops_after_it():
    order = {name: int(sections()[f"program:{name}"]["priority"]) for name in ("etcd", "kubelet")}
    assert order["etcd"] < order["kubelet"]


def test_programs_wait_for_what_they_need():
    command = shlex.split(sections()["program:coredns"]["command"])
    before = command[: command.index("--")]
    assert before[1:] == [
        "https://10.213.3.2:6443/readyz",
        f"file://{components.CONF}/{components.APPLIED}",
    ]


def test_every_addon_has_a_path_and_no_placeholder_left():
    source = configuration.text("addons.yaml", {"node_address": "10.213.3.2"})
    documents = list(yaml.safe_load_all(source))
    paths = [addons.path(document) for document in documents]
    assert len(set(paths)) == len(paths)
    assert "/api/v1/namespaces/kube-system/services/kube-dns" in paths
    assert "/apis/storage.k8s.io/v1/storageclasses/local-path" in paths


def test_the_api_server_may_ask_the_kubelet_for_logs():
    """kubeadm's certificate for it is of a user without a group since Kubernetes 1.37."""
    documents = yaml.safe_load_all(configuration.text("addons.yaml", {"node_address": "10.0.0.2"}))
    subjects = {
        (document["roleRef"]["name"], subject["name"])
        for document in documents
        for subject in document.get("subjects", [])
    }
    assert ("system:kubelet-api-admin", "kube-apiserver-kubelet-client") in subjects


def test_files_are_written_to_the_paths_that_the_node_reads(tmp_path):
    configuration.write(tmp_path, filled(), "supervisor")
    assert (tmp_path / "cni/10-learnflow.conflist").exists()
    assert (tmp_path / "supervisord.conf").read_text() == "supervisor"
    assert not list(tmp_path.rglob(".*"))


class Live:
    """An API server with these objects, by path; it keeps the calls that change something."""

    def __init__(self, **objects):
        self.objects, self.calls = objects, []

    def document(self, path):
        if path not in self.objects:
            raise NotFoundError(404, path)
        return self.objects[path]

    def apply(self, path, _document):
        self.calls.append(("apply", path))

    def delete(self, path):
        self.calls.append(("delete", path))
        self.document(path)


CLASS = "/apis/storage.k8s.io/v1/storageclasses/local-path"


@pytest.mark.parametrize("provisioner", [None, "learnflow.infra/local-path"])
def test_nothing_is_deleted_of_a_new_or_present_cluster(provisioner):
    live = Live(**({CLASS: {"provisioner": provisioner}} if provisioner else {}))
    addons.apply(live, "10.213.3.2")
    assert {verb for verb, _ in live.calls} == {"apply"}


def test_the_class_of_local_path_provisioner_is_deleted_last_and_made_anew():
    live = Live(**{CLASS: {"provisioner": "rancher.io/local-path"}})  # the rest is deleted already
    addons.apply(live, "10.213.3.2")
    deleted = [path for verb, path in live.calls if verb == "delete"]
    assert deleted == [*addons.FORMER, CLASS]
    assert live.calls.index(("delete", CLASS)) < live.calls.index(("apply", CLASS))
