"""What others set in live objects, under Helm 3's patches and Helm 4's server-side apply."""

import json
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
import yaml

from learnflow_infra.clients import helm_choice
from learnflow_infra.clients.api_errors import NotFoundError
from learnflow_infra.clusters.embedded.programs import binary
from learnflow_infra.engine.images import required
from learnflow_infra.engine.verbs import delete, deploy, diff, rollback
from learnflow_infra.errors import RefusedError
from learnflow_infra.events import Message, ignore
from learnflow_infra.values import Flags
from tests.contract.demo_skill import checkout, foundation, gate_open, options, skill, user

__all__ = ["checkout", "foundation", "gate_open", "options", "skill", "user"]

pytestmark = [pytest.mark.contract, pytest.mark.usefixtures("gate_open")]
OBJECTS = """
---
apiVersion: v1
kind: ConfigMap
metadata: {name: more, labels: {app: demo}}
data:
  always: "1"
{{- if .Values.more }}
  more: "{{ .Values.more }}"
{{- end }}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData:
  password: "{{ .Values.password }}"
{{- if .Values.extra }}
  extra: "{{ .Values.extra }}"
{{- end }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: {{ .Values.replicas }}
  {{- if .Values.strategy }}
  strategy: {type: {{ .Values.strategy }}}
  {{- end }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: "{{ .Values.image }}"
          env: [{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
"""
HPAS = "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers"
VALUES = {
    "greeting": "hello",
    "more": "there",
    "extra": "",
    "password": "first",
    "replicas": 0,
    "strategy": "",
    "image": "web:1",
}


@pytest.fixture
def controller(kube, namespace):
    """Says of each Deployment that it is as its spec wants it; no pods run."""
    stop, path = threading.Event(), f"/apis/apps/v1/namespaces/{namespace}/deployments"

    def observe():
        while not stop.wait(0.1):
            for obj in kube.items(path):
                meta, count = obj["metadata"], obj["spec"]["replicas"]
                if obj["status"].get("observedGeneration") != meta["generation"]:
                    ready = dict.fromkeys(
                        ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), count
                    )
                    status = {"observedGeneration": meta["generation"], **ready}
                    kube.merge(f"{path}/{meta['name']}/status", {"status": status})

    thread = threading.Thread(target=observe)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
def chart(skill, controller, monkeypatch):
    """The skill with objects whose fields others may set; no registry is asked for images."""
    monkeypatch.setattr(required, "ensure", lambda *_, **__: None)
    chart = skill / "charts/demo"
    with (chart / "templates/all.yaml").open("a") as file:
        file.write(OBJECTS)
    (chart / "values.yaml").write_text(yaml.safe_dump(VALUES))
    return chart


@pytest.fixture
def deployed(options, chart):
    """Deploy with some values; returns what was told."""

    def run(*values, verb=deploy.deploy, **changed):
        flags = Flags(set_values=tuple(f"demo.{value}" for value in values))
        events = []
        result = verb(replace(options, flags=flags, timeout=5.0, **changed), events.append)
        return result, "\n".join(e.text for e in events if isinstance(e, Message))

    return run


@pytest.fixture
def live(kube, options):
    def find(kind, name):
        base = "apis/apps/v1" if kind == "deployments" else "api/v1"
        return kube.get(f"/{base}/namespaces/{options.namespace}/{kind}/{name}")

    return find


@pytest.fixture
def as_helm_3(helm3, monkeypatch):
    @contextmanager
    def use():
        with monkeypatch.context() as patch:
            patch.setenv(helm_choice.VARIABLE, helm3)
            yield

    return use


@pytest.fixture
def kubectl(kubeconfig, options):
    def run(*words, stdin=""):
        command = [binary.kubectl(), "--context", "admin", "-n", options.namespace, *words]
        subprocess.run(command, input=stdin.encode(), check=True, capture_output=True)

    return run


@pytest.fixture
def autoscaler(kube, kubectl, options):
    """Scale as the controller of a HorizontalPodAutoscaler does."""

    def scale(replicas):
        if not kube.items(HPAS.format(options.namespace)):
            kubectl("autoscale", "deployment", "web", "--max=9")
        path = f"/apis/apps/v1/namespaces/{options.namespace}/deployments/web/scale"
        query = {"fieldManager": "kube-controller-manager"}
        kube.merge(path, {"spec": {"replicas": replicas}}, query=query)

    return scale


def back(options, revision=None, **changed):
    one = replace(options, skills=("demo-k8s-setup",), timeout=5.0, **changed)
    return rollback.rollback(one, release=None, revision=revision, emit=ignore)


@pytest.mark.usefixtures("each_helm")
def test_mended_drift_does_not_break_later_upgrades_and_rollbacks(deployed, live, kubectl, options):
    deployed()
    kubectl("label", "configmap", "more", "app=by-hand", "--overwrite")
    planned, _ = deployed(verb=diff.diff)
    (change,) = planned.releases[0].changes
    assert (planned.releases[0].action, change.object) == ("mend", "ConfigMap/more")
    assert change.text.startswith("# .metadata.labels.app, set by kubectl-label\n")
    deployed()
    assert live("configmaps", "more")["metadata"]["labels"]["app"] == "demo"
    deployed("greeting=hi", "more=")
    assert live("configmaps", "more")["data"] == {"always": "1"}
    deployed("greeting=ho")
    assert back(options).revision == 4
    assert live("configmaps", "more")["data"] == {"always": "1"}


@pytest.mark.usefixtures("each_helm")
def test_an_upgrade_leaves_what_was_set_by_kubectl_unless_it_is_forced(deployed, live, kubectl):
    deployed()
    kubectl("scale", "deployment", "web", "--replicas=3")
    kubectl("set", "image", "deployment/web", "web=web:3", "--field-manager=kubectl-edit")
    for verb in (diff.diff, deploy.deploy):
        with pytest.raises(RefusedError, match=r"Others set fields of Deployment/web") as error:
            deployed("image=web:2", verb=verb)
        assert "Deployment/web: .spec.replicas, set by kubectl (scale)" in error.value.why
        assert '[name="web"].image, set by kubectl-edit' in error.value.why
        assert "deploy --force-conflicts" in str(error.value.remedy)
    spec = live("deployments", "web")["spec"]
    assert (spec["replicas"], spec["template"]["spec"]["containers"][0]["image"]) == (3, "web:3")
    _, told = deployed("image=web:2", force_conflicts=True)
    assert "Deployment/web: .spec.replicas, set by kubectl (scale), is overwritten" in told
    spec = live("deployments", "web")["spec"]
    assert (spec["replicas"], spec["template"]["spec"]["containers"][0]["image"]) == (0, "web:2")
    kubectl("set", "image", "deployment/web", "web=web:3")
    kubectl("set", "image", "deployment/web", "web=web:2")  # its claim stays
    deployed("image=web:4")


@pytest.mark.full
def test_a_deploy_without_a_change_undoes_what_was_set_by_hand(deployed, live, kubectl):
    deployed()
    kubectl("scale", "deployment", "web", "--replicas=3")
    _, told = deployed()
    assert "Deployment/web: .spec.replicas, set by kubectl (scale), is overwritten" in told
    assert live("deployments", "web")["spec"]["replicas"] == 0
    kubectl("scale", "deployment", "web", "--replicas=3")
    kubectl("delete", "configmap", "more")
    deployed()  # helm creates it again
    assert live("deployments", "web")["spec"]["replicas"] == 0


@pytest.mark.usefixtures("each_helm")
def test_an_autoscalers_replicas_are_no_drift_and_are_not_fought_over(
    deployed, live, kubectl, autoscaler, options
):
    deployed()
    deployed("greeting=hi")
    autoscaler(5)
    done, told = deployed("greeting=hi")
    assert (done.changed, live("deployments", "web")["spec"]["replicas"]) == (False, 5)
    assert ".spec.replicas, set by kube-controller-manager (scale), stays as it is" in told
    kubectl("set", "image", "deployment/web", "web=web:3")
    deployed("greeting=hi")
    spec = live("deployments", "web")["spec"]
    assert (spec["replicas"], spec["template"]["spec"]["containers"][0]["image"]) == (5, "web:1")
    for work in (lambda: deployed("greeting=ho"), lambda: back(options, 1)):
        with pytest.raises(RefusedError, match="Others set fields of Deployment/web"):
            work()
    deployed("greeting=hi", force_conflicts=True)
    assert live("deployments", "web")["spec"]["replicas"] == 0
    kubectl("delete", "hpa", "web")  # an operator does without one
    owned = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    words = ("apply", "--server-side", "--field-manager=ops", "--force-conflicts", "-f-")
    kubectl(*words, stdin=json.dumps({**owned, "spec": {"replicas": 3}}))
    assert deployed("greeting=hi")[0].changed is False
    assert live("deployments", "web")["spec"]["replicas"] == 3
    autoscaler(5)
    assert back(options, 1, force_conflicts=True).to == 1


@pytest.mark.full
@pytest.mark.usefixtures("each_helm")
def test_a_field_of_a_secret_that_an_operator_owns_is_left_to_it(deployed, live, kubectl):
    deployed()
    owned = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "login"},
        "data": {"password": "b3BlcmF0b3I="},
    }
    apply = ("apply", "--server-side", "--field-manager=operator", "--force-conflicts", "-f", "-")
    kubectl(*apply, stdin=json.dumps(owned))
    done, told = deployed()
    assert (done.changed, live("secrets", "login")["data"]) == (False, owned["data"])
    assert "Secret/login: .data.password, set by operator, stays as it is" in told
    with pytest.raises(RefusedError, match="Others set fields of Secret/login") as error:
        deployed("password=second")
    assert "demo: Secret/login: .data.password, set by operator" in error.value.why
    assert "second" not in str(error.value)
    deployed("password=second", force_conflicts=True)
    assert live("secrets", "login")["data"] == {"password": "c2Vjb25k"}


@pytest.mark.usefixtures("each_helm")
def test_a_strategy_becomes_recreate_and_goes_back(deployed, live, options):
    deployed()
    deployed("strategy=Recreate")
    assert live("deployments", "web")["spec"]["strategy"] == {"type": "Recreate"}
    deployed("strategy=Recreate", "greeting=hi")
    deployed("greeting=hi")
    assert live("deployments", "web")["spec"]["strategy"]["type"] == "RollingUpdate"
    assert back(options, 2).to == 2
    assert live("deployments", "web")["spec"]["strategy"] == {"type": "Recreate"}


@pytest.mark.usefixtures("each_helm")
def test_a_variable_set_by_hand_in_place_of_its_source_is_set_back(
    deployed, live, kubectl, options
):
    """An apply leaves the value, and both together are invalid."""

    def variable():
        (web,) = live("deployments", "web")["spec"]["template"]["spec"]["containers"]
        ((pod,),) = [web["env"]]
        return web["image"], pod.get("value"), "valueFrom" in pod

    deployed()
    kubectl("set", "env", "deployment/web", "POD=mine")
    assert variable() == ("web:1", "mine", False)
    _, told = deployed()
    assert 'env[name="POD"].value, set by kubectl-set, is overwritten' in told
    assert variable() == ("web:1", None, True)

    kubectl("set", "env", "deployment/web", "POD=mine")
    with pytest.raises(RefusedError, match="Others set fields of Deployment/web"):
        deployed("image=web:2")
    deployed("image=web:2", force_conflicts=True)
    assert variable() == ("web:2", None, True)

    kubectl("set", "env", "deployment/web", "POD=mine")
    assert back(options).to == 1
    assert variable() == ("web:1", None, True)


def test_a_release_of_helm_3_is_upgraded_mended_rolled_back_and_deleted_by_helm_4(
    deployed, live, kubectl, options, as_helm_3
):
    with as_helm_3():
        deployed()
    kubectl("label", "configmap", "more", "app=by-hand", "--overwrite")
    mended_by_the_version_before = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "more", "labels": {"app": "demo"}},
        "data": {"always": "1", "more": "there"},
    }
    apply = ("apply", "--server-side", "--field-manager=learnflow-infra", "--force-conflicts")
    kubectl(*apply, "-f", "-", stdin=json.dumps(mended_by_the_version_before))
    assert deployed()[0].changed is False
    deployed("greeting=hi", "more=other")
    assert live("configmaps", "more")["data"] == {"always": "1", "more": "other"}
    kubectl("label", "configmap", "more", "app=by-hand", "--overwrite")
    kubectl("scale", "deployment", "web", "--replicas=3")
    with pytest.raises(RefusedError, match="Others set fields of Deployment/web, ConfigMap/more"):
        deployed("greeting=ho")
    deployed("greeting=ho", "more=other", force_conflicts=True)
    assert live("deployments", "web")["spec"]["replicas"] == 0
    deployed("more=", "strategy=Recreate", "image=web:2")
    assert live("configmaps", "more")["data"] == {"always": "1"}
    assert live("deployments", "web")["spec"]["strategy"] == {"type": "Recreate"}
    assert back(options, 1).revision == 5
    assert live("configmaps", "more")["data"] == {"always": "1", "more": "there"}
    delete.delete(options, purge=False, emit=ignore)
    with pytest.raises(NotFoundError):
        live("configmaps", "more")
    deployed()
    deployed("greeting=hi", "more=")
    assert live("configmaps", "more")["data"] == {"always": "1"}


def test_a_removed_key_of_string_data_stays_in_the_secret_and_is_named(deployed, live):
    deployed("extra=x", "more=there")
    _, told = deployed("more=")
    assert "Warning: demo: Secret/login keeps extra: a server-side apply" in told
    assert """patch secret login -p '{"data": {"extra": null}}'""" in told
    assert set(live("secrets", "login")["data"]) == {"password", "extra"}
    assert set(live("configmaps", "more")["data"]) == {"always"}
