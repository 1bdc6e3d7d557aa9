"""etcd's data of a cluster of Kubernetes 1.34, as a real one left them: `etcd-1.34.tar.xz`.

Recorded by this file, with the programs that commit 7794cfd builds, the last with 1.34:

    python -m tests.contract.old_etcd FOLDER_OF_THE_PROGRAMS

It starts that etcd 3.6 and kube-apiserver 1.34, installs both charts by helm, makes one object
of each usual kind, and packs etcd's folder after a clean stop, with what `kubectl get` of 1.34
printed (objects.json). The Secrets in it are the words of this file.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from learnflow_infra.clients import helm_program
from learnflow_infra.paths import repo_root
from tests.contract.conftest import ApiServer

RECORDED = Path(__file__).parent / "etcd-1.34.tar.xz"
NAMESPACE = "learnflow"
CHARTS = {
    "kafka": "skills-library/kafka-k8s-setup/charts/kafka",
    "postgres": "skills-library/postgres-k8s-setup/charts/postgres",
}
KINDS = (
    *("namespaces", "secrets", "configmaps", "services", "endpointslices", "serviceaccounts"),
    *("persistentvolumes", "persistentvolumeclaims", "pods", "limitranges", "resourcequotas"),
    *("statefulsets", "deployments", "daemonsets", "replicasets", "controllerrevisions"),
    *("jobs", "cronjobs", "horizontalpodautoscalers", "poddisruptionbudgets"),
    *("ingresses", "networkpolicies", "roles", "rolebindings", "priorityclasses"),
    *("storageclasses", "customresourcedefinitions", "widgets.example.org"),
    *("validatingwebhookconfigurations", "validatingadmissionpolicies"),
)
"""What is recorded and compared; of cluster-wide kinds only what has the label `recorded`."""


def kubectl(programs, kubeconfig, *arguments, stdin=None):
    command = [programs / "kubectl", "--kubeconfig", kubeconfig, "--context", "admin", *arguments]
    return subprocess.run(command, input=stdin, check=True, capture_output=True, text=True).stdout


def objects(programs, kubeconfig):
    """The recorded objects, by kind, namespace and name."""
    listed = json.loads(kubectl(programs, kubeconfig, "get", ",".join(KINDS), "-A", "-o", "json"))
    found = {}
    for item in listed["items"]:
        meta = item["metadata"]
        if meta.get("namespace") == NAMESPACE or "recorded" in meta.get("labels", {}):
            meta.pop("managedFields", None)
            found["/".join([item["kind"], meta.get("namespace", ""), meta["name"]])] = item
    return found


def record(programs: Path, target: Path) -> None:
    """Run the programs of 1.34, and pack what they leave."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        server = ApiServer(folder, programs / "hyperkube")
        kubeconfig = server.kubeconfig(folder / "kubeconfig")
        kubectl(programs, kubeconfig, "create", "namespace", NAMESPACE)
        kubectl(programs, kubeconfig, "label", "namespace", NAMESPACE, "recorded=yes")
        manifests = (Path(__file__).parent / "old_etcd.yaml").read_text()
        definition, _, rest = manifests.partition("\n---\n")
        kubectl(programs, kubeconfig, "apply", "-f", "-", stdin=definition)
        kubectl(
            programs, kubeconfig, "wait", "--for=condition=Established", "crd/widgets.example.org"
        )
        kubectl(programs, kubeconfig, "apply", "--server-side", "-f", "-", stdin=rest)
        for name, chart in CHARTS.items():
            flags = ("--kubeconfig", kubeconfig, "--kube-context", "admin", "-n", NAMESPACE)
            flags = (*flags, "--no-hooks", "--set", "image.tag=recorded")
            command = [helm_program.executable(), "install", name, repo_root() / chart, *flags]
            subprocess.run(command, check=True)
        found = json.dumps(objects(programs, kubeconfig), sort_keys=True)
        server.stop()
        server.etcd.terminate()
        server.etcd.wait(30)
        (folder / "objects.json").write_text(found)
        with tarfile.open(target, "w:xz", preset=9) as archive:
            for name in ("etcd", "objects.json"):
                archive.add(folder / name, name)
        sys.stdout.write(f"{target.stat().st_size} bytes, {len(json.loads(found))} objects\n")


if __name__ == "__main__":
    record(Path(sys.argv[1]), RECORDED)
