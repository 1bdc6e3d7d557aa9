"""Good values heal a release in every state, in a real API server."""

import asyncio

import pytest

from learnflow_infra.engine.release.recover import recover_cut_off
from learnflow_infra.engine.release.state import Action, ReleaseState
from learnflow_infra.engine.release.upgrade import upgrade
from learnflow_infra.errors import ReleaseFailedError
from tests.contract.demo import compared, converge_compared, leave_unfinished, release_of

pytestmark = pytest.mark.contract
WORKLOAD = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 0
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
      - name: c
        image: i
        resources: {limits: {memory: 1Gi}, requests: {memory: {{ .Values.memory | default "1Gi" }}}}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: {{ .Values.size | default "1Gi" }}}}
"""
MAP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: demo}
data:
  greeting: {{ .Values.greeting }}
  {{- with .Values.more }}
  more: {{ . }}
  {{- end }}
"""
GOOD = {"greeting": "good"}


@pytest.fixture
def release(tmp_path):
    release = release_of(tmp_path)
    (tmp_path / "templates/map.yaml").write_text(MAP)
    (tmp_path / "templates/workload.yaml").write_text(WORKLOAD)
    (tmp_path / "templates/secret.yaml").unlink()
    return release


def refused(session, release, values):
    with pytest.raises(ReleaseFailedError):
        converge_compared(session, compared(session, release, values))


def deployed(session, release, values=GOOD):
    """Deploy as `deploy` does: recover first, then converge."""
    comparison = compared(session, release, values)
    if recover_cut_off(session, [comparison]):
        comparison = compared(session, release, values)
    if comparison.action is not Action.NONE:
        asyncio.run(upgrade(session, comparison, 30, report=print))
    assert compared(session, release, values).state is ReleaseState.IN_SYNC
    return comparison


def data(session):
    return session.kube.get(f"/api/v1/namespaces/{session.namespace}/configmaps/demo")["data"]


@pytest.mark.parametrize(
    "bad", [{"memory": "30Gi"}, pytest.param({"size": "4Gi"}, marks=pytest.mark.full)]
)
def test_after_a_refused_upgrade_the_old_values_deploy_again(session, release, bad):
    deployed(session, release)
    refused(session, release, GOOD | bad)
    again = compared(session, release, GOOD)
    assert (again.state, again.observed.live.revision) == (ReleaseState.FAILED, 2)
    assert (list(again.diff), list(again.findings)) == ([], [])
    deployed(session, release)


@pytest.mark.full
def test_what_a_refused_upgrade_left_is_removed(session, release):
    deployed(session, release)
    refused(session, release, GOOD | {"more": "left", "memory": "30Gi"})
    assert data(session) == {"greeting": "good", "more": "left"}
    again = compared(session, release, {"greeting": "better"})
    assert again.action is Action.ROLL_BACK
    deployed(session, release, {"greeting": "better"})
    assert data(session) == {"greeting": "better"}


def test_a_refused_first_install_is_healed_by_good_values(session, release):
    refused(session, release, GOOD | {"more": "left", "memory": "30Gi"})
    again = compared(session, release, GOOD)
    assert (again.state, again.action) == (ReleaseState.FAILED, Action.UPGRADE)
    assert [(item.kind, item.object) for item in again.diff] == [
        ("changed", "ConfigMap/demo"),
        ("added", "StatefulSet/db"),
    ]
    deployed(session, release)
    assert data(session) == {"greeting": "good"}


@pytest.mark.full
def test_a_release_that_was_refused_twice_is_healed_by_good_values(session, release):
    deployed(session, release)
    refused(session, release, GOOD | {"more": "left", "memory": "30Gi"})
    refused(session, release, GOOD | {"memory": "40Gi", "more": "again"})
    deployed(session, release)
    assert data(session) == {"greeting": "good"}


@pytest.mark.full
@pytest.mark.parametrize("revisions", [1, 10])
def test_a_release_that_was_uninstalled_with_its_history_kept_installs_again(
    session, release, revisions
):
    """Helm's own `upgrade --install` reads the status of revision 9 where there are ten."""
    asyncio.run(upgrade(session, compared(session, release, GOOD), 30, report=print))
    for path in (
        "/apis/apps/v1/namespaces/{}/statefulsets/db",
        "/api/v1/namespaces/{}/configmaps/demo",
    ):
        session.kube.delete(path.format(session.namespace))
    for number in range(1, revisions):
        leave_unfinished(session, "superseded", revision=number)
    leave_unfinished(session, "uninstalled", revision=revisions)
    again = compared(session, release, GOOD)
    assert (again.state, again.action) == (ReleaseState.ABSENT, Action.INSTALL)
    assert {item.kind for item in again.diff} == {"added"}
    deployed(session, release)
    assert data(session) == {"greeting": "good"}


@pytest.mark.full
def test_a_release_of_which_only_a_superseded_revision_is_left_is_upgraded(session, release):
    deployed(session, release)
    leave_unfinished(session, "superseded", revision=1)
    assert compared(session, release, GOOD).state is ReleaseState.FAILED
    deployed(session, release)


@pytest.mark.full
def test_an_uninstallation_that_was_cut_off_is_finished_first(session, release):
    deployed(session, release)
    leave_unfinished(session, "uninstalling", revision=1, begun="2026-01-01T00:00:00Z")
    again = compared(session, release, GOOD)
    assert (again.action, {item.kind for item in again.diff}) == (Action.UNINSTALL, {"added"})
    deployed(session, release)


def test_one_object_that_cannot_be_changed_back_does_not_end_the_comparison(session, release):
    """Somebody made the StatefulSet again, with another size of its claims."""
    deployed(session, release)
    path = f"/apis/apps/v1/namespaces/{session.namespace}/statefulsets/db"
    other = session.kube.get(path)
    session.kube.delete(path)
    template = other["spec"]["volumeClaimTemplates"][0]
    template["spec"]["resources"]["requests"]["storage"] = "9Gi"
    fresh = {"name": "db", "labels": other["metadata"].get("labels", {})}
    session.kube.create(path.rpartition("/")[0], {**other, "metadata": fresh})
    again = compared(session, release, GOOD)
    assert [(str(item), item.state) for item in again.findings] == [("StatefulSet/db", "refused")]
    assert "9Gi" in again.findings[0].change.text
