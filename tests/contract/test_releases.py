"""Helm's releases against a real API server, without controllers that make objects ready."""

import asyncio
import dataclasses
from pathlib import Path
from threading import Timer

import pytest
import yaml

from learnflow_infra import skills
from learnflow_infra.clients.helm import Capabilities, template
from learnflow_infra.clients.installation import Installation
from learnflow_infra.documents.merging import put
from learnflow_infra.engine.release.state import Action, ReleaseState
from learnflow_infra.engine.release.upgrade import upgrade
from learnflow_infra.errors import NotReadyError, ReleaseFailedError
from learnflow_infra.values import Layer, compute
from learnflow_infra.values.typed import SetInteger
from tests.contract.demo import compared, converge, release_of

pytestmark = pytest.mark.contract
HOOK = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "hook", "annotations": {"helm.sh/hook": "pre-install"}},
    "spec": {"containers": [{"name": "main", "image": "learnflow.local/none:1"}]},
}


@pytest.fixture
def release(tmp_path):
    return release_of(tmp_path)


def test_install_no_change_upgrade(session, release):
    first, _ = converge(session, release, {})
    again, _ = converge(session, release, {})
    changed, outcome = converge(session, release, {"greeting": "bye"})
    actions = [item.action for item in (first, again, changed)]
    assert actions == [Action.INSTALL, Action.NONE, Action.UPGRADE]
    assert [change.kind for change in first.diff] == ["added", "added"]
    assert [change.object for change in changed.diff] == ["ConfigMap/demo"]
    assert (outcome.revision, outcome.computed) == (2, {"greeting": "bye"})


def test_variables_of_helm_alone_do_not_part_it_from_the_client(session, release, monkeypatch):
    for name, value in {
        "HELM_KUBEAPISERVER": "https://127.0.0.1:9",
        "HELM_KUBEASUSER": "nobody",
        "HELM_KUBETOKEN": "wrong",
        "HELM_KUBECONTEXT": "none",
        "HELM_NAMESPACE": "none",
        "HELM_DRIVER": "configmap",
        "HELM_MAX_HISTORY": "1",
    }.items():
        monkeypatch.setenv(name, value)
    for greeting in ("hello", "bye"):
        converge(session, release, {"greeting": greeting})
    kept = session.kube.items(
        f"/api/v1/namespaces/{session.namespace}/secrets", labels="owner=helm,name=demo"
    )
    assert len(kept) == 2


def test_values_generated_at_each_rendering_are_no_change(session, release):
    converge(session, release, {})
    again = compared(session, release, {})
    assert again.desired.manifest != again.live.manifest
    assert (list(again.diff), again.state) == ([], ReleaseState.IN_SYNC)


@pytest.mark.full
def test_an_integer_of_set_above_a_float_is_no_change_the_second_time(session, release):
    number = {"number": SetInteger(2**63 - 1)}
    converge(session, release, number)
    assert compared(session, release, number).action is Action.NONE
    assert compared(session, release, {"number": 1}).action is Action.UPGRADE


def test_comparing_changes_nothing(session, release):
    compared(session, release, {})
    assert asyncio.run(session.helm.live("demo")) is None
    assert session.kube.items(f"/api/v1/namespaces/{session.namespace}/secrets") == []


@pytest.mark.parametrize("held", [False, True])
def test_a_deleted_object_is_created_again(session, release, held):
    converge(session, release, {})
    path = f"/api/v1/namespaces/{session.namespace}/configmaps/demo"
    hold = ["example.org/hold"] if held else None
    session.kube.merge(path, {"metadata": {"finalizers": hold}})
    session.kube.delete(path)
    let_go = Timer(1, session.kube.merge, (path, {"metadata": {"finalizers": None}}))
    if held:
        let_go.start()
    observed, outcome = converge(session, release, {})
    assert (observed.action, outcome.revision) == (Action.UPGRADE, 2)
    found = session.kube.find(path)
    assert (found["data"], found["metadata"].get("deletionTimestamp")) == (
        {"greeting": "hello"},
        None,
    )


def test_a_change_by_hand_is_reverted_without_a_new_revision(session, release):
    converge(session, release, {})
    path = f"/api/v1/namespaces/{session.namespace}/configmaps/demo"
    by_hand = {"data": {"greeting": "by hand", "more": "stays"}}
    session.kube.request("PATCH", path, body=by_hand, content_type="application/merge-patch+json")
    observed, outcome = converge(session, release, {})
    assert (observed.state, observed.action, outcome.revision) == (
        ReleaseState.DRIFTED,
        Action.MEND,
        1,
    )
    assert session.kube.find(path)["data"] == {"greeting": "hello", "more": "stays"}
    assert compared(session, release, {}).state is ReleaseState.IN_SYNC


def test_the_error_of_a_refused_chart_has_the_message_of_the_server(session, release):
    with pytest.raises(ReleaseFailedError) as error:
        converge(session, release, {"greeting": "[1]"})
    assert "ConfigMap" in error.value.why


def test_the_server_accepts_the_charts_of_every_skill(session):
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
            assert manifest.objects
            for obj in manifest.objects:
                if "strimzi.io" not in obj["apiVersion"]:
                    accept(session, obj)


def accept(session, obj):
    """Send the object to the server with dryRun."""
    base = "/api/v1" if obj["apiVersion"] == "v1" else f"/apis/{obj['apiVersion']}"
    plural = {"NetworkPolicy": "networkpolicies"}.get(obj["kind"], f"{obj['kind'].lower()}s")
    path = f"{base}/namespaces/{session.namespace}/{plural}"
    query = {"dryRun": "All", "fieldValidation": "Strict"}
    session.kube.request("POST", path, body=obj, query=query)


def test_a_hook_that_cannot_end_ends_helm(session, tmp_path, release):
    """No pod runs, so that helm would wait for this one until its timeout."""
    (tmp_path / "templates/hook.yaml").write_text(yaml.safe_dump(HOOK))
    comparison = compared(session, release, {})
    impatient = dataclasses.replace(release, grace={"MissingSecret": 0.5})
    prepared = dataclasses.replace(comparison.prepared, release=impatient)
    comparison = dataclasses.replace(comparison, prepared=prepared)
    kubelet = Kubelet(session)
    work = upgrade(session, comparison, seconds=300, report=kubelet)
    with pytest.raises(NotReadyError, match="MissingSecret"):
        asyncio.run(asyncio.wait_for(work, 60))
    assert asyncio.run(session.helm.live("demo")).status == "failed"


class Kubelet:
    """Reports of the hook's pod, once it is observed, that a Secret is missing."""

    def __init__(self, session):
        self._session, self._reported = session, False

    def __call__(self, observation):
        if self._reported or not observation.snapshot.objects:
            return
        self._reported = True
        waiting = {"reason": "CreateContainerConfigError", "message": 'secret "none" not found'}
        status = {"name": "main", "ready": False, "restartCount": 0, "image": "i", "imageID": ""}
        body = {"status": {"containerStatuses": [{**status, "state": {"waiting": waiting}}]}}
        self._session.kube.request(
            "PATCH",
            f"/api/v1/namespaces/{self._session.namespace}/pods/hook/status",
            body=body,
            content_type="application/strategic-merge-patch+json",
        )
