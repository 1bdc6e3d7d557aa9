"""Volumes: who may write them, and what becomes of their folders."""

import json

import pytest

from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.clusters.embedded.control_plane import addons, api
from tests.cluster.conftest import NAME, eventually

CLASS = "local-path"
IN_NODE = "/var/lib/learnflow/data/volumes"
USER, GROUP = 1001, 2002
ONE_NODE = ["ReadWriteOnce"]


@pytest.fixture(scope="module")
def folders(cluster):
    """The base folder of volumes, as the host sees it."""
    return cluster_files.layout(NAME).data("volumes")


def item(kind, name, spec, version="v1", **fields):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec, **fields}


def apply(kubectl, *items):
    document = {"apiVersion": "v1", "kind": "List", "items": items}
    kubectl("apply", "-f", "-", stdin=json.dumps(document))


def claim(name, *, modes=ONE_NODE, **spec):
    size = {"requests": {"storage": "1Mi"}}
    return item("PersistentVolumeClaim", name, {"accessModes": modes, "resources": size, **spec})


def pod(image, name, script, **security):
    """A pod that runs a script as an ordinary user, beside the volume of the claim `name`."""
    container = {
        "name": "c",
        "image": image,
        "command": ["sh", "-euc", script],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    spec = {
        "restartPolicy": "Never",
        "securityContext": {"runAsUser": USER, "runAsGroup": USER, **security},
        "containers": [container],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}],
    }
    return item("Pod", name, spec)


def run(kubectl, image, name, script, *, claimed=(), **security):
    """Run a pod to its end; returns the name of its claim's volume."""
    apply(kubectl, *claimed, pod(image, name, script, **security))
    eventually(lambda: kubectl.get("pod", name)["status"]["phase"] == "Succeeded")
    kubectl("delete", "pod", name, "--now")
    return kubectl.get("pvc", name)["spec"]["volumeName"]


def delete(kubectl, name):
    """Delete a claim, and wait until the controllers have seen that."""
    volume = kubectl.get("pvc", name)["spec"]["volumeName"]
    kubectl("delete", "pvc", name)
    kubectl("wait", "--for=jsonpath={.status.phase}=Released", f"pv/{volume}", "--timeout=60s")


def gone(kubectl, volume):
    return f"persistentvolume/{volume}" not in kubectl("get", "pv", "-o", "name").split()


def test_an_ordinary_user_writes_with_and_without_a_group(kubectl, image, folders):
    plain = run(kubectl, image, "plain", "mkdir /data/a", claimed=[claim("plain")])
    group = run(kubectl, image, "group", "mkdir /data/a", claimed=[claim("group")], fsGroup=GROUP)
    assert (folders / plain / "a").stat().st_gid == USER
    assert (folders / group / "a").stat().st_gid == GROUP  # a hostPath would ignore it
    run(kubectl, image, "group", "mkdir /data/b", runAsUser=3003, fsGroup=GROUP)
    assert (folders / group / "b").stat().st_uid == 3003


def test_other_users_of_the_host_cannot_enter(folders):
    assert folders.parent.stat().st_mode & 0o077 == 0


def test_a_deleted_claim_takes_its_folder_along(kubectl, image, folders):
    volume = run(kubectl, image, "gone", "echo data >/data/file", claimed=[claim("gone")])
    assert (folders / volume / "file").read_text() == "data\n"
    kubectl("delete", "pvc", "gone")
    eventually(lambda: gone(kubectl, volume))
    assert not (folders / volume).exists()


def test_retain_keeps_the_folder(kubectl, image, folders):
    fields = {"provisioner": "learnflow.infra/local-path", "reclaimPolicy": "Retain"}
    fields["volumeBindingMode"] = "WaitForFirstConsumer"
    keep = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", **fields}
    apply(kubectl, keep | {"metadata": {"name": "keep"}})
    made = claim("kept", storageClassName="keep")
    volume = run(kubectl, image, "kept", "echo data >/data/file", claimed=[made])
    delete(kubectl, "kept")
    assert (folders / volume / "file").exists()
    assert not gone(kubectl, volume)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [({"modes": ["ReadWriteMany"]}, "ReadWriteMany"), ({"volumeMode": "Block"}, "block volume")],
)
def test_what_a_folder_cannot_be_is_refused_with_an_event(kubectl, image, spec, reason):
    waiting = pod(image, "refused", "true")
    if "volumeMode" in spec:
        (container,) = waiting["spec"]["containers"]
        del container["volumeMounts"]
        container["volumeDevices"] = [{"name": "data", "devicePath": "/dev/data"}]
    apply(kubectl, claim("refused", **spec), waiting)
    fields = "involvedObject.name=refused,reason=ProvisioningFailed"

    def messages():
        events = kubectl.get("events", "--field-selector", fields)["items"]
        return [event["message"] for event in events]

    eventually(lambda: any(reason in message for message in messages()))
    kubectl("delete", "pod/refused", "pvc/refused", "--now")


def test_a_volume_of_the_former_provisioner_is_used_and_deleted(kubectl, cluster, image, folders):
    """In the form of local-path-provisioner 0.0.30, with which earlier versions made volumes."""
    volume = "pvc-0f8fad5b-d9cb-469f-a165-70867728950e"
    folder = folders / f"{volume}_default_former"
    folder.mkdir()
    folder.chmod(0o777)
    node = {"key": "kubernetes.io/hostname", "operator": "In", "values": [cluster.context]}
    made = {
        "accessModes": ONE_NODE,
        "capacity": {"storage": "1Mi"},
        "claimRef": {"namespace": "default", "name": "former"},
        "hostPath": {"path": f"{IN_NODE}/{folder.name}", "type": "DirectoryOrCreate"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [node]}]}},
        "persistentVolumeReclaimPolicy": "Delete",
        "storageClassName": CLASS,
    }
    persistent = item("PersistentVolume", volume, made)
    by = {"pv.kubernetes.io/provisioned-by": "rancher.io/local-path"}
    persistent["metadata"]["annotations"] = by
    apply(kubectl, persistent)
    former = claim("former", volumeName=volume, storageClassName=CLASS)
    run(kubectl, image, "former", "echo data >/data/file", claimed=[former])
    assert (folder / "file").exists()
    kubectl("delete", "pvc", "former")
    eventually(lambda: gone(kubectl, volume))
    assert not folder.exists()


def test_the_class_of_an_earlier_version_is_replaced_and_its_volumes_stay(kubectl, cluster, web):
    kubectl("delete", "storageclass", CLASS)
    fields = {"provisioner": "rancher.io/local-path", "volumeBindingMode": "WaitForFirstConsumer"}
    former = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", **fields}
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "local-path-storage"}}
    apply(kubectl, space, former | {"metadata": {"name": CLASS}})
    bound = kubectl.get("pvc", web)
    root = api.connect(cluster_files.layout(NAME).conf / "super-admin.conf")
    addons.apply(root, cluster.node_address)
    assert kubectl.get("storageclass", CLASS)["provisioner"] == "learnflow.infra/local-path"
    assert kubectl.get("pvc", web) == bound
    kubectl("wait", "--for=delete", "namespace/local-path-storage", "--timeout=60s")
