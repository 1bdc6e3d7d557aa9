"""The provisioner of volumes against a real API server, with the rights of its own ClusterRole.

Tests write what the scheduler and the controller manager would: the selected node, the name of
the provisioner, the phase of a volume.
"""

import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest
import yaml

from learnflow_infra.builds import go_module, toolchain
from learnflow_infra.clients import retry
from learnflow_infra.clusters.embedded.control_plane import addons, configuration
from learnflow_infra.documents import parse_all
from tests.contract.conftest import start

NODE, CLASS = "node-a", "local-path"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
VOLUMES = "/api/v1/persistentvolumes"
UID = "0f8fad5b-d9cb-469f-a165-70867728950e"
"""Of a claim that no longer exists."""
FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"


def test_its_own_tests_pass():
    """Those of folders and refusals, which need no API server."""
    module = go_module.source()
    environment = {**os.environ, **toolchain.environment(), "GOPROXY": "off"}
    go = toolchain.find((module / "go.mod").read_text())
    command = [go, "test", "-vet=off", *go_module.FLAGS, "./volumes"]
    done = subprocess.run(
        command, cwd=module, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module", autouse=True)
def _addons(kube):
    """Its rights and the default class, as a cluster has them, for the user `nobody`."""
    documents = parse_all(configuration.text("addons.yaml", {"node_address": "x"}))
    own = [d for d in documents if d["metadata"]["name"] in {"system:volume-provisioner", CLASS}]
    for document in own:
        for subject in document.get("subjects", ()):
            subject["name"] = "nobody"
        kube.apply(addons.path(document), document)
    yield
    for document in own:
        kube.delete(addons.path(document))


class Provisioner:
    def __init__(self, kubeconfig, hyperkube, folder):
        self.base, self.log = folder / "volumes", folder / "log"
        self.base.mkdir()
        config = yaml.safe_load(kubeconfig.read_text()) | {"current-context": "nobody"}
        self.kubeconfig = folder / "config"
        self.kubeconfig.write_text(yaml.safe_dump(config))
        self.hyperkube = hyperkube

    @contextmanager
    def running(self):
        with self.log.open("a") as log:
            options = ("--kubeconfig", self.kubeconfig, "--node", NODE, "--folder", self.base)
            process = start(log, self.hyperkube, "volume-provisioner", *options)
            try:
                yield
                assert process.poll() is None, self.log.read_text()
            finally:
                process.kill()
                process.wait(30)

    def folders(self):
        return sorted(path.name for path in self.base.iterdir())


@pytest.fixture(scope="module")
def stopped(kubeconfig, hyperkube, tmp_path_factory):
    """A provisioner that does not run; its base folder is that of `provisioner`."""
    return Provisioner(kubeconfig, hyperkube, tmp_path_factory.mktemp("provisioner"))


@pytest.fixture(autouse=True)
def _leave_nothing(kube, namespace, stopped):
    """Each test finds an empty base folder, no volume, and no claim that is still to be served."""
    yield
    for collection in (f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", VOLUMES):
        for left in kube.items(collection):
            path = f"{collection}/{left['metadata']['name']}"
            kube.merge(path, {"metadata": {"finalizers": None}})
            kube.delete(path)
    for class_ in kube.items(CLASSES):
        if class_["metadata"]["name"] != CLASS:
            kube.delete(f"{CLASSES}/{class_['metadata']['name']}")
    for name in stopped.folders():
        shutil.rmtree(stopped.base / name)


@pytest.fixture
def provisioner(stopped):
    with stopped.running():
        yield stopped


def claim(kube, namespace, name="data", *, node=NODE, class_=CLASS, annotations=(), **spec):
    """A claim for a pod that the scheduler has placed on a node."""
    chosen = {"volume.kubernetes.io/storage-provisioner": "learnflow.infra/local-path"}
    chosen |= {"volume.kubernetes.io/selected-node": node} if node else {}
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Mi"}},
        "storageClassName": class_,
    } | spec
    meta = {"name": name, "annotations": {**dict(annotations), **chosen}}
    body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": spec}
    return kube.create(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", body)


def storage_class(kube, name, **fields):
    fields = {"provisioner": "learnflow.infra/local-path"} | fields
    meta = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}}
    kube.apply(f"{CLASSES}/{name}", meta | {"volumeBindingMode": "WaitForFirstConsumer"} | fields)
    return name


def volume_name(made):
    return f"pvc-{made['metadata']['uid']}"


def live(kube, name, until=bool):
    held, found = retry.poll(lambda: kube.find(f"{VOLUMES}/{name}"), until=until, seconds=30)
    assert held, found
    return found


def message(kube, involved, reason):
    """The message of the warning that an object has got."""

    def warnings():
        namespace = involved["metadata"].get("namespace", "default")
        fields = f"involvedObject.uid={involved['metadata']['uid']}"
        path = f"/api/v1/namespaces/{namespace}/events?fieldSelector={fields}"
        return [e["message"] for e in kube.get(path)["items"] if e["reason"] == reason]

    held, found = retry.poll(warnings, until=bool, seconds=30)
    assert held
    return found[-1]


def test_a_claim_gets_a_local_volume_of_its_node(kube, namespace, provisioner):
    elsewhere = claim(kube, namespace, "elsewhere", node="node-b")
    made = claim(kube, namespace)
    name = volume_name(made)
    volume = live(kube, name)
    folder = provisioner.base / name
    spec = volume["spec"]
    assert spec["local"] == {"path": str(folder)}
    assert spec["claimRef"]["uid"] == made["metadata"]["uid"]
    assert spec["persistentVolumeReclaimPolicy"] == "Delete"
    (term,) = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
    key = "kubernetes.io/hostname"
    assert term["matchExpressions"] == [{"key": key, "operator": "In", "values": [NODE]}]
    assert folder.stat().st_mode & 0o7777 == 0o777  # whatever user a pod without fsGroup has
    assert volume_name(elsewhere) not in provisioner.folders()


NO_GROUP = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s"}


@pytest.mark.parametrize(
    ("reason", "spec"),
    [
        ("[ReadWriteMany]: a volume on the disk of one node", {"accessModes": ["ReadWriteMany"]}),
        ("ReadOnlyMany", {"accessModes": ["ReadWriteOnce", "ReadOnlyMany"]}),
        ("does not support block volume", {"volumeMode": "Block"}),
        ("starts empty", {"dataSource": NO_GROUP}),
        ("no labels to select", {"selector": {"matchLabels": {"a": "b"}}}),
        ("it requests 64Pi, and the disk", {"resources": {"requests": {"storage": "64Pi"}}}),
        ("WaitForFirstConsumer", {"node": ""}),
    ],
)
def test_what_cannot_be_served_gets_an_event_that_says_why(
    kube, namespace, provisioner, reason, spec
):
    immediate = storage_class(kube, "immediate", volumeBindingMode="Immediate")
    made = claim(kube, namespace, **({"class_": immediate} if "node" in spec else {}), **spec)
    assert reason in message(kube, made, "ProvisioningFailed")
    assert volume_name(made) not in provisioner.folders()


@pytest.mark.parametrize("parameter", ["pathPattern", "nodePath"])
def test_a_class_cannot_say_where_a_folder_is(kube, namespace, provisioner, parameter):
    pattern = storage_class(
        kube,
        f"tricks-{parameter.lower()}",
        provisioner="rancher.io/local-path",
        parameters={parameter: "../../../../{{ .PVC.Annotations.x }}"},
    )
    made = claim(kube, namespace, class_=pattern, annotations={"x": "../../escaped"})
    assert "has parameters" in message(kube, made, "ProvisioningFailed")
    assert provisioner.folders() == []


def test_nor_can_a_claim(kube, namespace, provisioner):
    tricks = dict.fromkeys(("volumeType", "pathPattern", "nodePath", "x"), "../../escaped")
    tricks["volume.kubernetes.io/pv-name"] = "../escaped"
    made = [claim(kube, namespace, n, annotations=tricks) for n in ("a.b.c", "0-0.0-0", "pvc-1")]
    for one in made:
        live(kube, volume_name(one))
    assert provisioner.folders() == sorted(map(volume_name, made))
    assert sorted(path.name for path in provisioner.base.parent.iterdir()) == [
        "config",
        "log",
        "volumes",
    ]


def made_by_hand(kube, name, path, *, provisioner="rancher.io/local-path", policy="Delete"):
    """A volume in the form that local-path-provisioner 0.0.30 gave it, on this node."""
    on_node = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE]}
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Mi"},
        "hostPath": {"path": str(path), "type": "DirectoryOrCreate"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [on_node]}]}},
        "persistentVolumeReclaimPolicy": policy,
        "storageClassName": CLASS,
    }
    meta = {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": provisioner}}
    body = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": meta, "spec": spec}
    return kube.create(VOLUMES, body)


def phase(kube, name, phase):
    kube.merge(f"{VOLUMES}/{name}/status", {"status": {"phase": phase}})


def is_deleted(volume):
    """Only the finalizer of the controller manager, which does not run here, is left."""
    meta = (volume or {}).get("metadata", {})
    left = set(meta.get("finalizers", ())) - {"kubernetes.io/pv-protection"}
    return volume is None or ("deletionTimestamp" in meta and not left)


def filled(path):
    path.mkdir()
    (path / "file").write_text("data")
    return path


def test_a_released_volume_is_deleted_with_its_folder(kube, namespace, provisioner):
    name = volume_name(claim(kube, namespace))
    live(kube, name)
    (provisioner.base / name / "file").write_text("data")
    phase(kube, name, "Released")
    live(kube, name, is_deleted)
    assert provisioner.folders() == []


def test_a_volume_of_local_path_provisioner_is_deleted_with_its_folder(kube, provisioner):
    name = f"pvc-{UID}"
    folder = filled(provisioner.base / f"{name}_learnflow_data-postgres-0")
    made_by_hand(kube, name, folder)
    phase(kube, name, "Bound")
    live(kube, name, lambda volume: FINALIZER in volume["metadata"]["finalizers"])
    assert folder.exists()
    phase(kube, name, "Released")
    live(kube, name, is_deleted)
    assert provisioner.folders() == []


def test_a_volume_that_is_deleted_before_its_claim_leaves_no_folder(kube, namespace, provisioner):
    name = volume_name(claim(kube, namespace))
    live(kube, name)
    kube.delete(f"{VOLUMES}/{name}")
    assert not is_deleted(kube.get(f"{VOLUMES}/{name}"))  # its claim is bound
    phase(kube, name, "Released")
    live(kube, name, is_deleted)
    assert provisioner.folders() == []


def test_retain_keeps_volume_and_folder(kube, namespace, provisioner):
    keep = storage_class(kube, "keep", reclaimPolicy="Retain")
    kept, gone = claim(kube, namespace, "kept", class_=keep), claim(kube, namespace, "gone")
    for one in (kept, gone):
        live(kube, volume_name(one))
        phase(kube, volume_name(one), "Released")
    live(kube, volume_name(gone), is_deleted)
    assert provisioner.folders() == [volume_name(kept)]
    assert not is_deleted(kube.get(f"{VOLUMES}/{volume_name(kept)}"))


@pytest.mark.parametrize("path", ["", "other", f"pvc-{UID}_a/b", f"pvc-{UID}x"])
def test_a_volume_made_by_hand_cannot_have_another_folder_deleted(kube, provisioner, path):
    filled(provisioner.base / "other")
    made = made_by_hand(kube, f"pvc-{UID}", f"{provisioner.base}/{path}")
    phase(kube, f"pvc-{UID}", "Released")
    assert "by hand" in message(kube, made, "VolumeFailedDelete")
    assert (provisioner.base / "other/file").exists()


def test_an_empty_folder_of_a_killed_run_is_removed_or_used(kube, namespace, stopped):
    made = claim(kube, namespace)
    for name in (f"pvc-{UID}", volume_name(made)):
        (stopped.base / name).mkdir(0o700)
    with stopped.running():
        live(kube, volume_name(made))
    assert stopped.folders() == [volume_name(made)]
    assert (stopped.base / volume_name(made)).stat().st_mode & 0o777 == 0o777
