"""The causes of a release: what the record tells of it stands among them, the root first."""

from types import SimpleNamespace

import pytest

from learnflow_infra.engine.verbs import diagnose
from learnflow_infra.models import Release
from learnflow_infra.objects import refer
from learnflow_infra.readiness.causes import Cause, Code


def cause(code):
    return Cause(code=code, object=refer("Kind", "name"), message="m")


@pytest.mark.parametrize(
    ("lost", "seen", "order"),
    [
        (
            ["VerificationFailed"],
            ["ClaimBeingDeleted"],
            ["ClaimBeingDeleted", "VerificationFailed"],
        ),
        (["ClaimReplaced"], ["ProbeFailing"], ["ClaimReplaced", "ProbeFailing"]),
        (["SecretChanged", "VerificationFailed"], [], ["SecretChanged", "VerificationFailed"]),
    ],
)
def test_the_root_comes_first(monkeypatch, lost, seen, order):
    monkeypatch.setattr(diagnose, "_release_causes", lambda *_: [])
    view = SimpleNamespace(
        causes=lambda *_, **__: [cause(Code[name]) for name in seen], snapshot=lambda: None
    )
    release = Release(name="r", skill="k", profiles={})
    found = diagnose._finding(release, None, view, [cause(Code[name]) for name in lost])
    assert [item.code for item in found.causes] == order
