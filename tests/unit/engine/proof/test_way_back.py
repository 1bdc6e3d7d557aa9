"""A failed release goes back only where that does not end pods that cannot start again."""

import asyncio
from types import SimpleNamespace

import pytest

from learnflow_infra.engine.proof import way_back
from learnflow_infra.engine.release.state import Action
from learnflow_infra.errors import NotReadyError, VerificationError
from learnflow_infra.models import Release
from learnflow_infra.objects import refer
from learnflow_infra.readiness.causes import Cause, Code

KAFKA = Release(name="kafka", skill="k", profiles={})
POD = {"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "login"}}]}]}
DEPLOYMENT = {
    "kind": "Deployment",
    "metadata": {"name": "w"},
    "spec": {"template": {"spec": POD}},
}
OWN_SECRET = {"kind": "Secret", "metadata": {"name": "login"}}
FAILED = VerificationError("Verification failed.")
LATE = NotReadyError("It is not ready.")
CHANGED = Cause(code=Code.SecretChanged, object=refer("Secret", "login"), message="it was changed")


@pytest.mark.parametrize(
    ("objects", "present", "failure", "why"),
    [
        ([DEPLOYMENT], True, (FAILED, []), ""),
        ([DEPLOYMENT], False, (FAILED, []), "Secret/login is missing"),
        ([DEPLOYMENT], False, (LATE, []), "Secret/login is missing"),
        ([DEPLOYMENT, OWN_SECRET], False, (FAILED, []), ""),
        ([], False, (FAILED, []), ""),
        ([DEPLOYMENT], True, (FAILED, [CHANGED]), "Secret/login was changed"),
        ([DEPLOYMENT, OWN_SECRET], True, (FAILED, [CHANGED]), ""),
        ([DEPLOYMENT], True, (LATE, [CHANGED]), ""),
    ],
)
def test_a_revision_is_no_way_back_without_what_its_pods_need(
    monkeypatch, objects, present, failure, why
):
    error, changed = failure

    async def history(_):
        return [SimpleNamespace(revision=1, updated=0.0)]

    async def live(_, revision):
        assert revision == 1
        return SimpleNamespace(manifest=SimpleNamespace(objects=objects))

    monkeypatch.setattr(way_back.claims_at_risk, "find", lambda *_: [])
    monkeypatch.setattr(way_back.losses, "changed_secrets", lambda *_: changed)
    monkeypatch.setattr(way_back, "candidates", lambda *_: [1])
    session = SimpleNamespace(
        helm=SimpleNamespace(history=history, live=live),
        kube=SimpleNamespace(find=lambda _: {"data": {}} if present else None),
        namespace="n",
        record=None,
    )
    now = SimpleNamespace(revision=2, manifest=SimpleNamespace(objects=[]))
    before = SimpleNamespace(
        action=Action.UPGRADE,
        observed=SimpleNamespace(live=SimpleNamespace(revision=1)),
        prepared=SimpleNamespace(release=KAFKA),
    )
    found, text = asyncio.run(way_back.choose(session, before, now, error, allowed=True))
    assert found == (None if why else 1)
    assert why in text
    assert ("repeat the deploy" in text) is bool(why)
