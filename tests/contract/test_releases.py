"""Helm and the tracker against a real API server; no controller makes anything ready here."""

import asyncio
import threading

import pytest
import yaml

from learnflow_infra import skills
from learnflow_infra.engine import records, releases, repair
from learnflow_infra.errors import LockedError, NotReadyError, ReleaseFailedError
from learnflow_infra.models import ChartSource, Release, ReleaseName, SkillName
from learnflow_infra.readiness import tracker
from learnflow_infra.values import Layer, compute
from learnflow_infra.values.merge import put

pytestmark = pytest.mark.contract
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: demo\nversion: 0.1.0\n",
    "values.yaml": "greeting: hello\n",
    "templates/map.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo}\n"
        "data: {greeting: {{ .Values.greeting }}}\n"
    ),
}


@pytest.fixture
def release(tmp_path):
    for name, text in CHART.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    source = ChartSource(chart=str(tmp_path))
    return Release(name=ReleaseName("demo"), skill=SkillName("demo"), profiles={"embedded": source})


def converge(session, release, values):
    return asyncio.run(releases.converge(session, release, values, 2))


def test_install_no_change_upgrade(session, release):
    first = converge(session, release, {})
    again = converge(session, release, {})
    changed = converge(session, release, {"greeting": "bye"})
    assert [(o.revision, o.changed) for o in (first, again, changed)] == [
        (1, True),
        (1, False),
        (2, True),
    ]
    assert changed.computed == {"greeting": "bye"}


def test_an_object_that_was_taken_away_is_made_again(session, release):
    converge(session, release, {})
    path = f"/api/v1/namespaces/{session.namespace}/configmaps/demo"
    session.kube.delete(path)
    assert converge(session, release, {}).changed
    assert session.kube.find(path)["data"] == {"greeting": "hello"}


def test_a_job_that_gave_up_is_made_again(session):
    path = f"/apis/batch/v1/namespaces/{session.namespace}/jobs"
    container = {"name": "c", "image": "i"}
    pod = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "j"},
        "spec": {"template": pod},
    }
    session.kube.request("POST", path, body=job)
    assert repair.needed(session.kube, session.namespace, yaml.safe_dump(job)) is False
    now = "2026-01-01T00:00:00Z"
    failed = [
        {"type": name, "status": "True", "reason": "DeadlineExceeded", "lastTransitionTime": now}
        for name in ("FailureTarget", "Failed")
    ]
    status = {"status": {"startTime": now, "conditions": failed}}
    session.kube.request(
        "PATCH", f"{path}/j/status", body=status, content_type="application/merge-patch+json"
    )
    assert repair.needed(session.kube, session.namespace, yaml.safe_dump(job)) is True
    left = session.kube.find(f"{path}/j")
    assert left is None or left["metadata"].get("deletionTimestamp")


def test_a_chart_that_the_server_refuses_is_told_in_its_words(session, release):
    with pytest.raises(ReleaseFailedError) as error:
        converge(session, release, {"greeting": "[1]"})
    assert "ConfigMap" in error.value.why


def test_a_pending_release_is_recovered_for_real(session, release):
    converge(session, release, {})
    path = f"/api/v1/namespaces/{session.namespace}/secrets"
    (secret,) = session.kube.items(path, labelSelector="owner=helm,name=demo")
    _mark_pending(session, path, secret, begun="2026-01-01T00:00:00.123456789Z")
    outcome = converge(session, release, {"greeting": "again"})
    assert outcome.computed == {"greeting": "again"}
    live = asyncio.run(session.helm.live("demo"))
    assert live.status == "deployed"


def test_a_helm_operation_that_may_go_on_elsewhere_is_left_alone(session, release):
    converge(session, release, {})
    path = f"/api/v1/namespaces/{session.namespace}/secrets"
    (secret,) = session.kube.items(path, labelSelector="owner=helm,name=demo")
    _mark_pending(session, path, secret)
    with pytest.raises(LockedError, match="pending-upgrade"):
        converge(session, release, {"greeting": "again"})
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
        "metadata": {"name": "data", "labels": {tracker.INSTANCE: "demo"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    path = f"/api/v1/namespaces/{session.namespace}/persistentvolumeclaims"
    session.kube.request("POST", path, body=claim)
    with pytest.raises(NotReadyError, match="demo is not ready after 1 s") as error:
        tracker.wait(
            session.kube,
            session.namespace,
            release,
            expected=["StatefulSet/demo"],
            seconds=1,
            stop=threading.Event(),
            seen=lambda _snapshot: None,
        )
    assert "StatefulSet/demo: does not exist" in error.value.why
    assert "PersistentVolumeClaim/data: not bound" in error.value.why


def test_a_wait_can_be_given_up(session, release):
    stop = threading.Event()
    stop.set()
    with pytest.raises(tracker.StoppedError):
        tracker.wait(
            session.kube,
            session.namespace,
            release,
            expected=["StatefulSet/demo"],
            seconds=60,
            stop=stop,
            seen=lambda _snapshot: None,
        )


def test_endpoints_are_remembered_in_the_cluster(session):
    document = {"apiVersion": "v", "endpoints": []}
    records.save(session.kube, session.namespace, document, {"a": "1"})
    assert records.load(session.kube, session.namespace) == (document, {"a": "1"})


def test_the_charts_of_every_skill_are_accepted_by_the_server(session):
    for release in (release for skill in skills.load_all() for release in skill.releases):
        for profile, source in release.profiles.items():
            image = {"registry": "r", "repository": "i", "tag": "t"}
            built = [Layer(name="image", values=put({}, u.values, image)) for u in source.images]
            values = compute(release.name, profile, below=built).values
            wanted = asyncio.run(session.helm.render(release.name, source.chart, values))
            objects = [obj for obj in yaml.safe_load_all(wanted.manifest) if obj]
            assert {"StatefulSet", "Service"} <= {obj["kind"] for obj in objects}
            for obj in objects:
                accept(session, obj)


def accept(session, obj):
    """Ask the server, without storing the object."""
    base = "/api/v1" if obj["apiVersion"] == "v1" else f"/apis/{obj['apiVersion']}"
    plural = {"NetworkPolicy": "networkpolicies"}.get(obj["kind"], f"{obj['kind'].lower()}s")
    path = f"{base}/namespaces/{session.namespace}/{plural}"
    query = {"dryRun": "All", "fieldValidation": "Strict"}
    session.kube.request("POST", path, body=obj, query=query)
