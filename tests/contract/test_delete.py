"""What a delete removes, and what it asks first, against a real API server."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import yaml

from learnflow_infra import paths
from learnflow_infra.engine.release import kept_data
from learnflow_infra.engine.request import confirmation, marks
from learnflow_infra.engine.verbs import delete
from learnflow_infra.errors import RefusedError
from learnflow_infra.events import ignore
from learnflow_infra.models import Release
from learnflow_infra.outputs import artifacts, stored_record
from learnflow_infra.outputs.record import Record, Verified
from learnflow_infra.system import files
from tests.contract.demo_skill import SKILL, checkout, foundation, options, skill, user

__all__ = ["checkout", "foundation", "options", "skill", "user"]
pytestmark = pytest.mark.contract
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "3Gi"}}}
OURS = {"app.kubernetes.io/managed-by": "learnflow-infra"}
CONFIG_MAP = "/api/v1/namespaces/{}/configmaps/learnflow-endpoints"


@pytest.fixture
def phase(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "phase_dir", lambda: tmp_path)
    return tmp_path


def release(name):
    return Release(name=name, skill=f"{name}-skill", profiles={})


def endpoint(name):
    address = {"host": "h", "port": 1}
    return {
        "name": name,
        "skill": f"{name}-skill",
        "release": name,
        "protocol": name,
        "inCluster": address,
        "host": address,
        "parameters": {},
        "credentials": None,
        "env": {},
        "connect": [],
    }


def record(session, phase, *names, context=None):
    """Records of releases, in the cluster and in the folder."""
    document = {
        "context": context or session.target.context,
        "namespace": session.namespace,
        "endpoints": [endpoint(name) for name in names],
    }
    verified = {f"{name}-skill": Verified(at="1") for name in names}
    made = Record(endpoints=document, verified=verified)
    stored_record.write(session.kube, session.namespace, made, set(verified))
    artifacts.write_endpoints(phase, document, "kubectl")
    for name in names:
        files.update(phase / "releases" / name / "values.yaml", "{}\n")


def forget(session, *names):
    record = stored_record.read(session.kube, session.namespace)
    skills = [SimpleNamespace(name=f"{name}-skill") for name in names]
    delete._update_record(replace(session, record=record), skills, list(map(release, names)))


def written(phase):
    return sorted(str(path.relative_to(phase)) for path in phase.rglob("*") if path.is_file())


def test_remaining_releases_stay_recorded(session, phase):
    record(session, phase, "a", "b")
    forget(session, "a")
    left = stored_record.read(session.kube, session.namespace)
    assert [item["name"] for item in left.endpoints["endpoints"]] == ["b"]
    assert left.verified == {"b-skill": Verified(at="1")}
    assert json.loads((phase / "endpoints.json").read_text()) == left.endpoints
    assert "releases/b/values.yaml" in written(phase)
    assert "releases/a/values.yaml" not in written(phase)


def test_the_record_is_removed_with_the_last_release(session, phase):
    record(session, phase, "a", "b")
    files.update(phase / "deploy-report.json", "{}\n")
    forget(session, "a", "b")
    assert session.kube.find(CONFIG_MAP.format(session.namespace)) is None
    assert written(phase) == ["deploy-report.json"]
    forget(session, "a", "b")  # nothing is there any more


def test_artifacts_of_another_target_stay(session, phase):
    record(session, phase, "a", context="elsewhere")
    before = written(phase)
    forget(session, "a")
    assert session.kube.find(CONFIG_MAP.format(session.namespace)) is None
    assert written(phase) == before


@pytest.fixture
def data(kube, namespace, skill):
    """A Secret and a claim that a release has left behind; the skill declares both."""
    return left_behind(kube, namespace, skill)


def left_behind(kube, namespace, skill, *, ours=True):
    credential = {"secret": "demo-auth", "keys": ["password"], "volumes": {"app": "demo"}}
    (release,) = SKILL["releases"]
    declared = {"credentials": [credential], "releases": [{**release, "volumes": {"app": "demo"}}]}
    (skill / "skill.yaml").write_text(yaml.safe_dump({**SKILL, **declared}))
    base = f"/api/v1/namespaces/{namespace}"
    for plural, name, more in (
        ("secrets", "demo-auth", {}),
        ("persistentvolumeclaims", "data-demo-0", {"spec": CLAIM}),
    ):
        meta = {"name": name, "labels": {"app": "demo", **(OURS if ours else {})}}
        kube.create(f"{base}/{plural}", {"metadata": meta, **more})
    return [f"{base}/persistentvolumeclaims/data-demo-0", f"{base}/secrets/demo-auth"]


def test_a_purge_that_is_not_confirmed_changes_nothing(kube, data, options):
    before = [kube.get(path) for path in data]
    with pytest.raises(RefusedError) as error:
        delete.delete(options, purge=True, emit=ignore)
    claim, secret = str(error.value.why).splitlines()
    assert claim.startswith("persistentvolumeclaims/data-demo-0: 3Gi, ")
    assert secret.startswith("secrets/demo-auth: ")
    assert [kube.get(path) for path in data] == before


def test_a_confirmed_purge_deletes_the_data(kube, data, options, monkeypatch):
    monkeypatch.setattr(kept_data, "wait_for_claims", lambda *_: None)  # no controller removes it
    unlabelled, base = "marked-demo-0", data[0].rpartition("/")[0]
    meta = {"name": unlabelled, "annotations": {marks.SKILL: "demo-k8s-setup"}}
    kube.create(base, {"metadata": meta, "spec": CLAIM})
    asked = []
    done = delete.delete(replace(options, confirm=asked.append), purge=True, emit=ignore)
    assert done.kept == []
    assert [question.name for question in asked] == ["demo-k8s-setup"]
    claim, secret, marked = map(kube.find, [*data, f"{base}/{unlabelled}"])
    assert all("deletionTimestamp" in obj["metadata"] for obj in (claim, marked))
    assert secret is None


def test_a_purge_of_claims_that_others_made_is_refused(kube, namespace, skill, options):
    left = left_behind(kube, namespace, skill, ours=False)
    with pytest.raises(RefusedError, match="data-demo-0 was not made by this program") as error:
        delete.delete(replace(options, confirm=confirmation.accept), purge=True, emit=ignore)
    assert "made by python-urllib3 at 20" in error.value.why
    assert all(map(kube.find, left))


def test_a_plain_delete_keeps_the_data_and_asks_nothing(kube, data, options):
    done = delete.delete(replace(options, confirm=confirmation.refuse), purge=False, emit=ignore)
    assert done.kept == ["persistentvolumeclaims/data-demo-0", "secrets/demo-auth"]
    assert all(map(kube.find, data))
