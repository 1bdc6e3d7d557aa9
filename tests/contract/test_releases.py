"""Helm and the tracker against a real API server; no controller makes anything ready here."""

import asyncio
import dataclasses
import threading
import time
from pathlib import Path

import pytest
import yaml

from learnflow_infra import skills
from learnflow_infra.clients.helm import Capabilities, Installation, template
from learnflow_infra.engine.proof import records
from learnflow_infra.engine.release import converge as releases
from learnflow_infra.engine.release.compare import compare_all
from learnflow_infra.engine.release.upgrade import upgrade
from learnflow_infra.engine.request.prepare import Prepared
from learnflow_infra.errors import LockedError, NotReadyError, ReleaseFailedError
from learnflow_infra.models import ChartSource, Release, ReleaseName, SkillName
from learnflow_infra.readiness import tracker
from learnflow_infra.readiness.owned import INSTANCE, Expected
from learnflow_infra.readiness.view import View
from learnflow_infra.sources import charts
from learnflow_infra.values import Computed, Layer, compute
from learnflow_infra.values.merge import put

pytestmark = pytest.mark.contract
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: demo\nversion: 0.1.0\n",
    "values.yaml": "greeting: hello\n",
    "templates/map.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo}\n"
        "data: {greeting: {{ .Values.greeting }}}\n"
    ),
    "templates/secret.yaml": (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: invented}\n"
        "stringData: {password: {{ randAlphaNum 20 }}}\n"
    ),
}

HOOK = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "hook", "annotations": {"helm.sh/hook": "pre-install"}},
    "spec": {"containers": [{"name": "main", "image": "learnflow.local/none:1"}]},
}


@pytest.fixture
def release(tmp_path):
    for name, text in CHART.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    source = ChartSource(chart=str(tmp_path))
    return Release(name=ReleaseName("demo"), skill=SkillName("demo"), profiles={"embedded": source})


def compared(session, release, values):
    chart = charts.read(Path(release.profiles["embedded"].chart))
    prepared = Prepared(
        release=release,
        source=release.profiles["embedded"],
        chart=chart,
        computed=Computed(release=release.name, values=values),
    )
    return asyncio.run(compare_all(session, [prepared]))


def converge(session, release, values):
    (comparison,) = compared(session, release, values)
    outcome = asyncio.run(releases.converge(session, comparison, 2))
    return comparison, outcome


def test_install_no_change_upgrade(session, release):
    first, _ = converge(session, release, {})
    again, _ = converge(session, release, {})
    changed, outcome = converge(session, release, {"greeting": "bye"})
    assert [item.changed for item in (first, again, changed)] == [True, False, True]
    assert [change.kind for change in first.changes] == ["added", "added"]
    assert [change.object for change in changed.changes] == ["ConfigMap/demo"]
    assert (outcome.revision, outcome.computed) == (2, {"greeting": "bye"})


def test_what_helm_invents_at_each_rendering_is_no_change(session, release):
    converge(session, release, {})
    (again,) = compared(session, release, {})
    assert again.wanted.manifest != again.live.manifest
    assert (list(again.changes), again.changed) == ([], False)


def test_comparing_changes_nothing(session, release):
    compared(session, release, {})
    assert asyncio.run(session.helm.live("demo")) is None
    assert session.kube.items(f"/api/v1/namespaces/{session.namespace}/secrets") == []


def test_an_object_that_was_taken_away_is_made_again(session, release):
    converge(session, release, {})
    path = f"/api/v1/namespaces/{session.namespace}/configmaps/demo"
    session.kube.delete(path)
    found, outcome = converge(session, release, {})
    assert (found.upgrade, outcome.revision) == (True, 2)
    assert session.kube.find(path)["data"] == {"greeting": "hello"}


def test_a_change_by_hand_is_brought_back_without_a_new_revision(session, release):
    converge(session, release, {})
    path = f"/api/v1/namespaces/{session.namespace}/configmaps/demo"
    by_hand = {"data": {"greeting": "by hand", "more": "stays"}}
    session.kube.request("PATCH", path, body=by_hand, content_type="application/merge-patch+json")
    found, outcome = converge(session, release, {})
    assert (found.changed, found.upgrade, outcome.revision) == (True, False, 1)
    assert session.kube.find(path)["data"] == {"greeting": "hello", "more": "stays"}
    assert compared(session, release, {})[0].changed is False


def test_a_chart_that_the_server_refuses_is_told_in_its_words(session, release):
    with pytest.raises(ReleaseFailedError) as error:
        converge(session, release, {"greeting": "[1]"})
    assert "ConfigMap" in error.value.why


def test_a_pending_release_is_recovered_for_real(session, release):
    converge(session, release, {})
    path = f"/api/v1/namespaces/{session.namespace}/secrets"
    (secret,) = session.kube.items(path, labels="owner=helm,name=demo")
    _mark_pending(session, path, secret, begun="2026-01-01T00:00:00.123456789Z")
    (pending,) = compared(session, release, {"greeting": "again"})
    assert pending.live.cut_off
    asyncio.run(releases.recover(session, pending))
    _, outcome = converge(session, release, {"greeting": "again"})
    assert outcome.computed == {"greeting": "again"}
    live = asyncio.run(session.helm.live("demo"))
    assert live.status == "deployed"


def test_a_helm_operation_that_may_go_on_elsewhere_is_left_alone(session, release):
    converge(session, release, {})
    path = f"/api/v1/namespaces/{session.namespace}/secrets"
    (secret,) = session.kube.items(path, labels="owner=helm,name=demo")
    _mark_pending(session, path, secret)
    (pending,) = compared(session, release, {"greeting": "again"})
    with pytest.raises(LockedError, match="pending-upgrade"):
        asyncio.run(releases.recover(session, pending))
    assert asyncio.run(session.helm.live("demo")).status == "pending-upgrade"


def _mark_pending(session, path, secret, begun=""):
    """Write revision 2 as a helm that was killed in an upgrade leaves it."""
    import base64
    import gzip
    import json

    record = json.loads(
        gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"])))
    )
    record["version"] = 2
    record["info"]["status"] = "pending-upgrade"
    record["info"]["last_deployed"] = begun or record["info"]["last_deployed"]
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(record).encode())))
    labels = {**secret["metadata"]["labels"], "status": "pending-upgrade", "version": "2"}
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": secret["type"],
        "metadata": {"name": "sh.helm.release.v1.demo.v2", "labels": labels},
        "data": {"release": packed.decode()},
    }
    session.kube.request("POST", path, body=body)


def test_what_is_not_ready_in_time_is_named(session, release):
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "labels": {INSTANCE: "demo"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    path = f"/api/v1/namespaces/{session.namespace}/persistentvolumeclaims"
    session.kube.request("POST", path, body=claim)
    with pytest.raises(NotReadyError, match="demo is not ready after 1 s") as error:
        tracker.wait(
            view_of(session, release), seconds=1, stop=threading.Event(), seen=lambda _: None
        )
    found = {(cause["code"], cause["object"]) for cause in error.value.causes}
    assert found == {
        ("ObjectMissing", "StatefulSet/demo"),
        ("ClaimNoStorageClass", "PersistentVolumeClaim/data"),
    }


def view_of(session, release):
    view = View(session.kube, session.watches, session.namespace, release)
    view.expect(Expected(names=("StatefulSet/demo",)))
    return view


def test_a_wait_outlasts_an_api_server_that_is_killed(session, release, server):
    view = View(session.kube, session.watches, session.namespace, release)
    view.expect(Expected(names=("Service/late",), kinds=(("v1", "Service"),)))

    def away():
        server.stop(kill=True)
        time.sleep(2)
        server.start()
        body = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "late"},
            "spec": {"ports": [{"port": 1}]},
        }
        session.kube.request("POST", f"/api/v1/namespaces/{session.namespace}/services", body=body)

    thread = threading.Thread(target=away)
    thread.start()
    seen = tracker.wait(view, seconds=60, stop=threading.Event(), seen=lambda _: None)
    thread.join()
    assert [obj["metadata"]["name"] for obj in seen.objects] == ["late"]


def test_a_wait_can_be_given_up(session, release):
    stop = threading.Event()
    stop.set()
    with pytest.raises(tracker.StoppedError):
        tracker.wait(view_of(session, release), seconds=60, stop=stop, seen=lambda _: None)


def test_endpoints_are_remembered_in_the_cluster(session):
    document = {"apiVersion": "v", "endpoints": []}
    records.save(session.kube, session.namespace, document, {"a": "1"})
    assert records.load(session.kube, session.namespace) == (document, {"a": "1"})


def test_the_charts_of_every_skill_are_accepted_by_the_server(session):
    for release in (release for skill in skills.load_all() for release in skill.releases):
        for profile, source in release.profiles.items():
            if source.remote:
                continue
            image = {"registry": "r", "repository": "i", "tag": "t"}
            built = [Layer(name="image", values=put({}, u.values, image)) for u in source.images]
            values = compute(release.name, profile, below=built).values
            what = Installation(release=release.name, chart=Path(source.chart), values=values)
            manifest = asyncio.run(
                template(what, namespace=session.namespace, capabilities=Capabilities())
            )
            objects = [obj for obj in yaml.safe_load_all(manifest) if obj]
            assert objects
            for obj in objects:
                if "strimzi.io" not in obj["apiVersion"]:
                    accept(session, obj)


def accept(session, obj):
    """Ask the server, without storing the object."""
    base = "/api/v1" if obj["apiVersion"] == "v1" else f"/apis/{obj['apiVersion']}"
    plural = {"NetworkPolicy": "networkpolicies"}.get(obj["kind"], f"{obj['kind'].lower()}s")
    path = f"{base}/namespaces/{session.namespace}/{plural}"
    query = {"dryRun": "All", "fieldValidation": "Strict"}
    session.kube.request("POST", path, body=obj, query=query)


def test_a_hook_that_cannot_end_ends_helm(session, tmp_path, release):
    """Nothing runs pods here, so that helm would wait for this one until its timeout."""
    (tmp_path / "templates/hook.yaml").write_text(yaml.safe_dump(HOOK))
    (comparison,) = compared(session, release, {})
    impatient = dataclasses.replace(release, grace={"MissingSecret": 0.5})
    prepared = dataclasses.replace(comparison.prepared, release=impatient)
    comparison = dataclasses.replace(comparison, prepared=prepared)
    thread = threading.Thread(target=_refuse_to_start, args=(session,))
    thread.start()
    with pytest.raises(NotReadyError, match="MissingSecret"):
        asyncio.run(
            asyncio.wait_for(upgrade(session, comparison, seconds=300, seen=lambda _: None), 60)
        )
    thread.join()
    assert asyncio.run(session.helm.live("demo")).status == "failed"


def _refuse_to_start(session):
    """Say of the hook's pod what a kubelet says."""
    path = f"/api/v1/namespaces/{session.namespace}/pods/hook"
    while session.kube.find(path) is None:
        time.sleep(0.05)
    waiting = {"reason": "CreateContainerConfigError", "message": 'secret "none" not found'}
    status = {"name": "main", "ready": False, "restartCount": 0, "image": "i", "imageID": ""}
    body = {"status": {"containerStatuses": [{**status, "state": {"waiting": waiting}}]}}
    kind = "application/strategic-merge-patch+json"
    session.kube.request("PATCH", f"{path}/status", body=body, content_type=kind)
