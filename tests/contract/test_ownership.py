"""What others made is not touched, in a real API server."""

import asyncio
from dataclasses import replace

import pytest

from learnflow_infra.clients import helm_storage
from learnflow_infra.clients.helm import Helm
from learnflow_infra.clients.installation import Installation
from learnflow_infra.engine.release import foreign
from learnflow_infra.engine.release.upgrade import upgrade
from learnflow_infra.engine.request import confirmation
from learnflow_infra.engine.verbs import delete, deploy, diagnose, diff, rollback, status
from learnflow_infra.errors import NotReadyError, RefusedError
from learnflow_infra.events import ignore
from learnflow_infra.models import Credential
from learnflow_infra.outputs import stored_record
from tests.contract.demo import compared, converge, release_of
from tests.contract.demo_skill import checkout, foundation, options, skill, user

__all__ = ["checkout", "foundation", "options", "skill", "user"]

pytestmark = pytest.mark.contract
OTHER = {
    "Chart.yaml": "apiVersion: v2\nname: other\nversion: 3.1.4\n",
    "templates/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs}\n",
}
SETS = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 0
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: i}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""


@pytest.fixture
def helm(kubeconfig, namespace, tmp_path):
    """Install or upgrade the release with somebody else's chart, or with ours."""
    folder = tmp_path / "other"
    for name, text in OTHER.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    program = Helm(kubeconfig=kubeconfig, context="admin", namespace=namespace)

    def upgrade(chart=folder, **values):
        what = Installation(release="demo", chart=chart, values=values)
        return asyncio.run(program.upgrade(what, seconds=30))

    return upgrade


def theirs(kube, namespace):
    return kube.find(f"/api/v1/namespaces/{namespace}/configmaps/theirs")


def test_a_release_of_others_is_refused_by_every_verb_and_not_touched(options, kube, helm):
    helm()
    before = theirs(kube, options.namespace)
    one = replace(options, skills=("demo-k8s-setup",))
    for verb in (
        lambda: deploy.deploy(options, ignore),
        lambda: diff.diff(options, ignore),
        lambda: rollback.rollback(one, release=None, revision=1, emit=ignore),
        lambda: delete.delete(options, purge=False, emit=ignore),
        lambda: delete.delete(
            replace(options, confirm=confirmation.accept), purge=True, emit=ignore
        ),
    ):
        with pytest.raises(RefusedError, match="Release/demo was not made by this") as error:
            verb()
        assert "from the chart other-3.1.4" in error.value.why
        assert "deploy demo-k8s-setup --adopt" in str(error.value.remedy)
    assert theirs(kube, options.namespace) == before
    (state,) = status.status(options, ignore)
    assert (state.ready, state.status) == (False, "foreign: made from the chart other-3.1.4")
    assert list(state.objects) == []
    (finding,) = diagnose.diagnose(one, ignore)
    assert "from the chart other-3.1.4" in finding.causes[0].message


def test_a_release_of_others_is_adopted_once_that_is_confirmed(options, kube, helm):
    helm()
    adopting = replace(options, adopt=True)
    (planned,) = diff.diff(adopting, ignore).releases
    assert [(item.kind, item.object) for item in planned.changes] == [
        ("adopted", "Release/demo"),
        ("added", "ConfigMap/demo"),
        ("added", "Service/demo"),
        ("removed", "ConfigMap/theirs"),
    ]
    with pytest.raises(RefusedError, match=r"not confirmed\. No release was changed") as error:
        deploy.deploy(adopting, ignore)
    assert "removed ConfigMap/theirs" in error.value.why
    assert theirs(kube, options.namespace)
    done = deploy.deploy(replace(adopting, confirm=confirmation.accept), ignore)
    assert (done.changed, theirs(kube, options.namespace)) == (True, None)
    assert deploy.deploy(options, ignore).changed is False


@pytest.mark.full
def test_the_mark_survives_an_operators_own_upgrade_but_not_another_chart(options, skill, helm):
    deploy.deploy(options, ignore)
    helm(skill / "charts/demo", greeting="by hand")
    deploy.deploy(options, ignore)
    helm()
    with pytest.raises(RefusedError) as error:
        deploy.deploy(options, ignore)
    assert "chart other-3.1.4, in place of demo" in error.value.why


@pytest.mark.full
def test_the_record_of_an_earlier_version_is_a_mark_and_becomes_a_label(options, kube):
    deploy.deploy(options, ignore)
    labels = {"learnflow.infra/chart": None}
    helm_storage.label(kube, options.namespace, "demo", 1, labels)
    assert deploy.deploy(options, ignore).changed is False
    stored = helm_storage.read(kube, options.namespace, "demo", 1)
    assert (stored.labels["learnflow.infra/chart"], stored.chart) == ("demo", "demo")
    helm_storage.label(kube, options.namespace, "demo", 1, labels)
    stored_record.remove(kube, options.namespace)
    with pytest.raises(RefusedError, match="Release/demo was not made"):
        deploy.deploy(options, ignore)


def test_an_object_that_helm_would_refuse_is_named_and_can_be_adopted(options, kube):
    path = f"/api/v1/namespaces/{options.namespace}/services"
    ports = {"ports": [{"name": "other", "port": 80}], "selector": {"app": "theirs"}}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "demo"}, "spec": ports}
    kube.create(path, service)
    with pytest.raises(RefusedError, match="Service/demo was not made by this") as error:
        deploy.deploy(options, ignore)
    assert "Service/demo, made by python-urllib3 at 20" in error.value.why
    (planned,) = diff.diff(replace(options, adopt=True), ignore).releases
    adopted = next(change for change in planned.changes if change.kind == "adopted")
    assert adopted.object == "Service/demo"
    assert "-  - name: other\n+  - name: main\n+    nodePort: 30002" in adopted.text
    deploy.deploy(replace(options, adopt=True, confirm=confirmation.accept), ignore)
    spec = kube.get(f"{path}/demo")["spec"]
    assert (spec["type"], "selector" in spec) == ("NodePort", False)


def claim(kube, namespace, name, **metadata):
    body = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, **metadata},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    kube.create(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", body)


@pytest.fixture
def release(tmp_path):
    release = release_of(tmp_path)
    (tmp_path / "templates/set.yaml").write_text(SETS)
    return replace(release, volumes={"app.kubernetes.io/instance": "demo"})


def found(session, release, credentials=()):
    comparison = compared(session, release, {})
    return asyncio.run(foreign.find_all(session, [comparison], credentials))


def test_a_claim_of_the_same_name_is_foreign_unless_this_program_left_it(session, release, kube):
    instance = {"labels": {"app.kubernetes.io/instance": "demo"}}
    claim(kube, session.namespace, "data-db-0", **instance)
    claim(kube, session.namespace, "data-db-1", annotations={"learnflow.infra/skill": "demo"})
    claim(kube, session.namespace, "data-web-0", **instance)
    (item,) = found(session, release)
    assert (item.name, item.mark) == (
        "PersistentVolumeClaim/data-db-0",
        {"annotations": {"learnflow.infra/skill": "demo"}},
    )
    credential = Credential(secret="made", keys=(), volumes=instance["labels"])
    assert len(found(session, release, [credential])) == 1
    labels = {"app.kubernetes.io/managed-by": "learnflow-infra"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "made", "labels": labels}}
    kube.create(f"/api/v1/namespaces/{session.namespace}/secrets", secret)
    assert found(session, release, [credential]) == []


@pytest.mark.full
def test_the_claims_of_our_release_are_its_own_and_marked_once_they_exist(session, release, kube):
    claim(kube, session.namespace, "data-db-0", annotations={"learnflow.infra/skill": "demo"})
    claim(kube, session.namespace, "data-web-0", labels={"app.kubernetes.io/instance": "demo"})
    asyncio.run(upgrade(session, compared(session, release, {}), 30, report=print))
    claim(kube, session.namespace, "data-db-1", labels={"app.kubernetes.io/instance": "demo"})
    assert found(session, release) == []
    with pytest.raises(NotReadyError):  # no controller binds the claims
        converge(session, release, {})
    path = f"/api/v1/namespaces/{session.namespace}/persistentvolumeclaims"
    marked = {c["metadata"]["name"]: c["metadata"].get("annotations") for c in kube.items(path)}
    assert marked["data-db-1"] == {"learnflow.infra/skill": "demo"}
    assert marked["data-web-0"] is None
