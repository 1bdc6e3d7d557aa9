"""Changes that a real API server refuses, kind by kind, found before anything is changed."""

from types import SimpleNamespace

import pytest

from learnflow_infra.clients.helm_output import Live, Rendered
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.documents import dump_all
from learnflow_infra.engine.release import drift, immutable
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.state import Observed

pytestmark = pytest.mark.contract
POD = "spec: {restartPolicy: RESTART, containers: [{name: c, image: x, args: [ARG]}]}"


def workload(kind, *, app="demo", arg="a", size="", restart="Always", extra=""):
    pod = POD.replace("RESTART", restart).replace("ARG", arg)
    claim = (
        f"  volumeClaimTemplates:\n  - metadata: {{name: data}}\n    spec: {{accessModes: "
        f"[ReadWriteOnce], resources: {{requests: {{storage: {size}}}}}}}\n"
    )
    selector = "" if kind == "Job" else f"  selector: {{matchLabels: {{app: {app}}}}}\n"
    version = "batch/v1" if kind == "Job" else "apps/v1"
    return (
        f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: demo}}\nspec:\n{selector}"
        f"  template:\n    metadata: {{labels: {{app: {app}}}}}\n    {pod}\n"
        f"{claim if size else ''}{extra}"
    )


def plain(kind, version, **fields):
    body = {"apiVersion": version, "kind": kind, "metadata": {"name": "demo"}, **fields}
    return dump_all([body])


def service(address):
    return plain("Service", "v1", spec={"ports": [{"port": 80}], "clusterIP": address})


def claim(size, mode="ReadWriteOnce"):
    resources = {"requests": {"storage": size}}
    spec = {"accessModes": [mode], "resources": resources, "storageClassName": "x"}
    return plain("PersistentVolumeClaim", "v1", spec=spec)


def binding(role):
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role}
    return plain("RoleBinding", "rbac.authorization.k8s.io/v1", roleRef=reference, subjects=[])


CASES = {
    "a claim template": (workload("StatefulSet", size="2Gi"), workload("StatefulSet", size="4Gi")),
    "no claim template": (workload("StatefulSet", size="2Gi"), workload("StatefulSet")),
    "a new claim template": (workload("StatefulSet"), workload("StatefulSet", size="2Gi")),
    "the name of a Service": (
        workload("StatefulSet", extra="  serviceName: a\n"),
        workload("StatefulSet", extra="  serviceName: b\n"),
    ),
    "a StatefulSet's selector": (workload("StatefulSet"), workload("StatefulSet", app="other")),
    "a Deployment's selector": (workload("Deployment"), workload("Deployment", app="other")),
    "a DaemonSet's selector": (workload("DaemonSet"), workload("DaemonSet", app="other")),
    "a Job's template": (
        workload("Job", restart="Never"),
        workload("Job", restart="Never", arg="b"),
    ),
    "the cluster address": (service("10.96.7.7"), service("10.96.7.8")),
    "a Service without an address": (service("10.96.7.9"), service("None")),
    "a claim's mode": (claim("1Gi"), claim("1Gi", "ReadWriteMany")),
    "a smaller claim": (claim("2Gi"), claim("1Gi")),
    "another role": (binding("a"), binding("b")),
    "an immutable ConfigMap": (
        plain("ConfigMap", "v1", immutable=True, data={"a": "1"}),
        plain("ConfigMap", "v1", immutable=True, data={"a": "2"}),
    ),
    "an immutable Secret": (
        plain("Secret", "v1", immutable=True, stringData={"a": "1"}),
        plain("Secret", "v1", immutable=True, stringData={"a": "2"}),
    ),
    "the type of a Secret": (
        plain("Secret", "v1", type="Opaque"),
        plain("Secret", "v1", type="example.org/x"),
    ),
}


def comparison(old, new):
    """Of two manifests, the first of which is deployed."""
    live = Live(manifest=Manifest(text=old), values={}, revision=1, status="deployed")
    return Comparison(
        prepared=SimpleNamespace(release=SimpleNamespace(name="demo")),
        observed=Observed(live=live, deployed=live),
        desired=Rendered(manifest=Manifest(text=new), values={"changed": True}),
    )


def create(session, text):
    (obj,) = Manifest(text=text).objects
    path = drift.locator(session.kube, session.namespace, [obj])(obj)
    session.kube.create(path.rpartition("/")[0], obj)
    return path


@pytest.mark.parametrize("name", CASES)
def test_a_change_that_cannot_be_made_is_found(session, name):
    old, new = CASES[name]
    path = create(session, old)
    before = session.kube.get(path)
    (found,) = immutable.find(session, comparison(old, new))
    assert found.path == path
    assert len(found.reason) < 310
    assert session.kube.get(path) == before
    assert immutable.find(session, comparison(old, old)) == []
    assert immutable.find(session, comparison(new, new)) == []


ALLOWED = {
    "another image": (workload("Deployment"), workload("Deployment", arg="b")),
    "another command": (workload("StatefulSet"), workload("StatefulSet", arg="b")),
    "new data": (
        plain("ConfigMap", "v1", data={"a": "1"}),
        plain("ConfigMap", "v1", data={"a": "2"}),
    ),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_a_change_that_can_be_made_is_not(session, name):
    old, new = ALLOWED[name]
    create(session, old)
    assert immutable.find(session, comparison(old, new)) == []


def test_what_does_not_exist_any_more_can_be_made_anew(session):
    assert immutable.find(session, comparison(*CASES["a claim template"])) == []


def test_a_job_is_deleted_so_that_helm_creates_it_again(session):
    old, new = CASES["a Job's template"]
    path = create(session, old)
    uid = session.kube.get(path)["metadata"]["uid"]
    immutable.delete(session, immutable.find(session, comparison(old, new)))
    live = session.kube.find(path)
    assert live is None or live["metadata"]["uid"] == uid
