"""Objects that the API server does not take are refused before anything is installed."""

from dataclasses import replace

import pytest

from learnflow_infra.engine.verbs import deploy, diff
from learnflow_infra.errors import InputError, LearnflowError
from learnflow_infra.events import ignore
from tests.contract.demo_skill import checkout, foundation, options, skill, user

__all__ = ["checkout", "foundation", "options", "skill", "user"]

pytestmark = pytest.mark.contract
POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  %s
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec:
      %s
      containers: [{name: main, image: "registry.invalid/x:1", env: %s}]
"""
ONE = "[{name: A, value: '1'}]"
TWICE = "[{name: A, value: '1'}, {name: A, value: '2'}]"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n"
JOB = """
apiVersion: batch/v1
kind: Job
metadata:
  generateName: once-
  annotations: {helm.sh/hook: post-install, helm.sh/hook-delete-policy: hook-%s}
spec: {template: {spec: {restartPolicy: Always, containers: [{name: a, image: b}]}}}
"""
REFUSED = [
    (POD % ("", "", TWICE), "Deployment/d: failed to create typed patch object", ".env: duplicate"),
    (POD % ("", "ressources: {}", "[]"), "Deployment/d", ".spec.template.spec.ressources"),
    (POD % ("replicas: -1", "", "[]"), "Deployment/d", "spec.replicas: Invalid value"),
    (POD % ("replicas: three", "", "[]"), "Deployment/d", ".spec.replicas"),
    (MAP + "data: {a: [1]}", "ConfigMap/m", ".data.a"),
    (MAP + "dato: {a: '1'}", "ConfigMap/m", ".dato"),
    (MAP + "binaryData: {a: '!'}", "ConfigMap/m", "illegal base64"),
    (MAP.replace("ConfigMap", "Secret") + "data: {a: '!'}", "Secret/m", "illegal base64"),
    (MAP.replace("ConfigMap", "Secret") + "data: text", "Secret/m", ".data: expected map"),
    (MAP.replace("ConfigMap", "Secret") + "stringData: [a]", "Secret/m", ".stringData"),
    (MAP.replace("ConfigMap", "Service") + "spec: text", "Service/m", ".spec: expected map"),
    ("apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: m}", "StatefulSet/m", "selector"),
    (
        MAP.replace("v1", "apps/v1beta1").replace("ConfigMap", "Deployment"),
        "Deployment/m",
        "apps/v1",
    ),
    ("kind: ConfigMap\nmetadata: {name: m}", "ConfigMap/m", "apiVersion is not set"),
    ("apiVersion: v1\nmetadata: {name: m}", "an object/m", "kind is not set"),
    ("apiVersion: v1\nkind: ConfigMap", "ConfigMap/(no name)", "metadata.name is not set"),
    (MAP.replace("name:", "generateName:"), "ConfigMap/(no name)", "metadata.generateName"),
    (MAP.replace("name: m", "name: m, namespace: no-such"), "ConfigMap/m", "no-such"),
    (JOB % "failed", "Job/once-", "restartPolicy"),
    (JOB % "succeeded", "Job/once-", "metadata.generateName"),
]


def with_template(skill, text, name="more.yaml"):
    (skill / "charts/demo/templates" / name).write_text(text)


def refusals(verb, options):
    """The line about each template."""
    with pytest.raises(InputError, match="would be refused") as error:
        verb(options, ignore)
    lines = error.value.why.splitlines()
    return {line.split(": ")[1]: line for line in lines if line.startswith("demo: ")}


@pytest.mark.parametrize("absent", [False, pytest.param(True, marks=pytest.mark.full)])
def test_what_the_server_does_not_take_is_refused(options, kube, skill, absent):
    for number, (text, _, _) in enumerate(REFUSED):
        with_template(skill, text, f"{number}.yaml")
    if absent:
        options = replace(options, namespace="acceptance-absent")
    found = refusals(diff.diff, options)
    assert found.keys() == refusals(deploy.deploy, options).keys()
    for number, (_, name, fault) in enumerate(REFUSED):
        assert name in found[f"demo/templates/{number}.yaml"]
        assert fault in found[f"demo/templates/{number}.yaml"]
    assert len(found) == len(REFUSED)
    secrets = f"/api/v1/namespaces/{options.namespace}/secrets"
    assert kube.items(secrets, labels="owner=helm") == []


NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: '{{ .Release.Namespace }}'}"


@pytest.mark.full
def test_what_helm_could_not_create_itself_is_refused(options, kube, skill):
    with_template(skill, NAMESPACE, "namespace.yaml")
    with_template(skill, f"{MAP}\n---\n{MAP}data: {{a: '1'}}", "twice.yaml")
    options = replace(options, namespace="acceptance-own")
    found = refusals(diff.diff, options)
    assert found == refusals(deploy.deploy, options)
    assert "Namespace/acceptance-own: helm installs into" in found["demo/templates/namespace.yaml"]
    assert "ConfigMap/m: the manifest has this object twice" in found["demo/templates/twice.yaml"]
    assert kube.find("/api/v1/namespaces/acceptance-own") is None


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ("priorityClassName: absent", "no PriorityClass with name absent was found"),
        ("runtimeClassName: absent", 'RuntimeClass "absent" not found'),
        ("hostPID: true", 'violates PodSecurity "restricted:latest"'),
    ],
)
def test_pods_that_the_server_does_not_admit_are_refused(options, kube, skill, field, fault):
    name, labels = options.namespace, {"pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": name, "labels": labels}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    kube.apply(f"/api/v1/namespaces/{name}", namespace)
    with_template(skill, POD % ("", field, "[]"))
    for verb in (diff.diff, deploy.deploy):
        with pytest.raises(LearnflowError) as error:
            verb(options, ignore)
        assert "Deployment/d" in error.value.why
        assert fault in error.value.why


LIST = """
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {a: "1"}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: two}}
---
apiVersion: v1
kind: ConfigMapList
items: [{metadata: {name: three}, data: {a: "3"}}]
"""
HOOK = """
apiVersion: v1
kind: ConfigMap
metadata:
  generateName: hook-
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: hook-failed}
"""
ACCEPTED = "\n---\n".join([LIST, HOOK, MAP.replace("name: m", "name: m, namespace: default")])


def test_what_the_server_takes_is_deployed_and_compared(options, kube, skill):
    with_template(skill, ACCEPTED)
    try:
        assert deploy.deploy(options, ignore).changed
        assert not deploy.deploy(options, ignore).changed
    finally:
        kube.delete("/api/v1/namespaces/default/configmaps/m")


@pytest.mark.full
def test_items_of_lists_are_compared_with_the_live_objects(options, kube, skill):
    with_template(skill, LIST)
    deploy.deploy(options, ignore)
    path = f"/api/v1/namespaces/{options.namespace}/configmaps"
    kube.delete(f"{path}/three")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "9"}}
    kube.apply(f"{path}/one", {**body, "metadata": {"name": "one"}})
    (release,) = diff.diff(options, ignore).releases
    changes = {(change.kind, change.object) for change in release.changes}
    assert changes == {("drifted", "ConfigMap/one"), ("added", "ConfigMap/three")}
    deploy.deploy(options, ignore)
    assert kube.get(f"{path}/one")["data"] == {"a": "1"}
    assert kube.get(f"{path}/three")["data"] == {"a": "3"}


CRON = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: c}
spec:
  schedule: "0 0 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: main, image: "registry.invalid/x:1", env: %s}]
"""


@pytest.mark.full
def test_a_field_that_excludes_the_live_one_is_taken(options, kube, skill):
    """An apply would keep helm's `valueFrom` beside the `value`; helm's patch replaces it."""
    for env in ("[{name: A, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}]", ONE):
        with_template(skill, CRON % env)
        deploy.deploy(options, ignore)
    live = kube.find(f"/apis/batch/v1/namespaces/{options.namespace}/cronjobs/c")
    (main,) = live["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert main["env"] == [{"name": "A", "value": "1"}]
    with_template(skill, CRON % TWICE)
    (line,) = refusals(diff.diff, options).values()
    assert ".env: duplicate" in line
