"""Causes that lie in a release itself, and what is told of a namespace that is not ours."""

from types import SimpleNamespace

import pytest

from learnflow_infra.clients.helm import Live
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.engine.release.state import Observed
from learnflow_infra.engine.verbs import diagnose
from learnflow_infra.engine.verbs.diagnose import Finding
from learnflow_infra.models import Release
from learnflow_infra.readiness.causes import Cause, Code
from learnflow_infra.readiness.watches import Watches

RELEASE = Release(name="kafka", skill="kafka-k8s-setup", profiles={})
TROUBLE = Cause(code=Code.NotReady, object="Pod/x", message="starting")


def live(status):
    return Live(revision=1, status=status, manifest=Manifest(), values={})


@pytest.fixture
def diagnosed(monkeypatch):
    def run(found, *, beside=None, skills=()):
        view = SimpleNamespace(snapshot=lambda: None, causes=lambda _seen, **_: [])
        request = SimpleNamespace(target=None, releases=[RELEASE])
        session = SimpleNamespace(kube=None, namespace="n", watches=Watches(None))
        monkeypatch.setattr(diagnose.planning, "for_cluster", lambda _options: request)
        monkeypatch.setattr(diagnose, "connect", lambda *_: session)
        monkeypatch.setattr(
            diagnose, "observe_with_objects", lambda *_: (Observed(live=found), view)
        )
        monkeypatch.setattr(diagnose, "unowned_causes", lambda *_: beside)
        return diagnose.diagnose(SimpleNamespace(namespace="n", skills=skills), None)

    return run


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (None, "ReleaseMissing"),
        (live("failed"), "ReleaseNotDeployed"),
        (live("pending-upgrade"), "ReleaseNotDeployed"),
    ],
)
def test_a_release_that_is_not_in_force_is_a_cause(diagnosed, found, code):
    ((cause,),) = [finding.causes for finding in diagnosed(found)]
    assert (cause.code, cause.object) == (code, "Release/kafka")
    assert str(cause.remedy) == "learnflow-infra deploy kafka-k8s-setup"


def test_one_that_is_in_force_is_none(diagnosed):
    assert diagnosed(live("deployed")) == [Finding(release="kafka", causes=[])]


def test_in_a_namespace_of_others_ours_are_not_missed(diagnosed):
    assert diagnosed(None, beside=[TROUBLE]) == [Finding(release=None, causes=[TROUBLE])]
    assert diagnosed(None, beside=[]) == [Finding(release=None, causes=[])]


def test_what_is_beside_ours_is_told_too(diagnosed):
    found = diagnosed(live("deployed"), beside=[TROUBLE])
    assert [finding.release for finding in found] == ["kafka", None]


def test_who_names_a_skill_is_told_of_it_alone(diagnosed):
    found = diagnosed(None, beside=[TROUBLE], skills=("kafka-k8s-setup",))
    assert [finding.release for finding in found] == ["kafka"]
