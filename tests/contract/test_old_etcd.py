"""The data of a cluster of Kubernetes 1.34 and etcd 3.6, read by this checkout's programs.

tests/full/test_upgrade.py upgrades a whole cluster, with pods and their volumes.
"""

import json
import subprocess
import tarfile

import pytest

from learnflow_infra.clients import helm_program
from tests.contract import old_etcd
from tests.contract.conftest import ApiServer

VOLATILE = ("resourceVersion", "generation")


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory, hyperkube):
    """The programs' folder, a kubeconfig of a server on the old data, and the old objects."""
    folder = tmp_path_factory.mktemp("upgraded")
    with tarfile.open(old_etcd.RECORDED) as archive:
        archive.extractall(folder, filter="data")
    server = ApiServer(folder, hyperkube)
    yield (
        hyperkube.parent,
        server.kubeconfig(folder / "kubeconfig"),
        json.loads((folder / "objects.json").read_text()),
    )
    server.stop()
    server.etcd.terminate()
    server.etcd.wait(30)
    server.log.close()


def lost(old, new, path=""):
    """The paths of an old object that are gone or have another value; new defaults are none."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [p for k, v in old.items() for p in lost(v, new.get(k), f"{path}.{k}")]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            p
            for i, pair in enumerate(zip(old, new, strict=True))
            for p in lost(*pair, f"{path}[{i}]")
        ]
    return [] if old == new or path.rpartition(".")[2] in VOLATILE else [f"{path}: {old} != {new}"]


def test_every_object_is_there_with_all_its_fields(upgraded):
    programs, kubeconfig, old = upgraded
    new = old_etcd.objects(programs, kubeconfig)
    assert len(old) > 30
    assert set(old) <= set(new)
    assert {
        name: lost(item, new[name]) for name, item in old.items() if lost(item, new[name])
    } == {}


def test_every_object_can_be_written(upgraded):
    """What the server read from the old data passes its validation, and is stored anew."""
    programs, kubeconfig, old = upgraded
    for item in old.values():
        meta = item["metadata"]
        where = ("-n", meta["namespace"]) if "namespace" in meta else ()
        arguments = ("label", item["kind"], meta["name"], *where, "upgraded=yes")
        assert "labeled" in old_etcd.kubectl(programs, kubeconfig, *arguments)


def test_helm_knows_its_releases(upgraded):
    _, kubeconfig, _ = upgraded
    flags = ["--kubeconfig", kubeconfig, "--kube-context", "admin", "-n", old_etcd.NAMESPACE]
    command = [helm_program.executable(), "list", "-o", "json", *flags]
    releases = json.loads(subprocess.check_output(command))
    assert {r["name"]: r["status"] for r in releases} == {
        "kafka": "deployed",
        "postgres": "deployed",
    }
