"""What of the kept data a delete purges, and what it names as kept."""

from types import SimpleNamespace

import pytest

from learnflow_infra.engine.request import confirmation
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.verbs import delete
from learnflow_infra.errors import RefusedError, ReleaseFailedError
from tests.unit.engine.verbs.test_account import Deleting


def claim(name, **metadata):
    return {"kind": "PersistentVolumeClaim", "metadata": {"name": name, **metadata}}


@pytest.mark.parametrize(("purge", "kept", "purged"), [(True, ["b"], ["a"]), (False, "ab", [])])
def test_a_delete_purges_what_it_asked_for_alone(monkeypatch, purge, kept, purged):
    """A claim that appears after the question stays, and one that is being deleted is not kept."""
    deleting, removed = Deleting(monkeypatch, failing=""), []
    going = claim("c", deletionTimestamp="2026-01-01T00:00:00Z")
    answers = [{"a": claim("a")}] if purge else []
    answers.append({"a": claim("a"), "b": claim("b"), "c": going})
    data = SimpleNamespace(
        find=lambda *_: answers.pop(0),
        lines=lambda _, found: list(found),
        purge=lambda _, found, __: removed.extend(found),
    )
    monkeypatch.setattr(delete, "kept_data", data)
    monkeypatch.setattr(delete, "_update_record", lambda *_: None)
    options = Options(confirm=confirmation.accept)
    done = delete.delete(options, purge=purge, emit=deleting.session.emit)
    assert (list(done.kept), list(done.purged), removed) == (list(kept), purged, purged)


@pytest.mark.parametrize(
    ("confirm", "steps"),
    [(confirmation.refuse, ["check"]), (confirmation.accept, ["check", "mark"])],
)
def test_a_purge_marks_what_it_leaves_once_it_is_confirmed(monkeypatch, confirm, steps):
    """A claim that nobody has marked is never purged, but has to be named as kept."""
    deleting, done = Deleting(monkeypatch), []

    def claim_ownership(*_, purge):
        done.append("check" if purge else "mark")

    monkeypatch.setattr(delete, "_claim_ownership", claim_ownership)
    monkeypatch.setattr(delete.kept_data, "find", lambda *_: {"a": claim("a")})
    monkeypatch.setattr(delete.kept_data, "lines", lambda *_: ["a"])
    with pytest.raises((RefusedError, ReleaseFailedError)):
        delete.delete(Options(confirm=confirm), purge=True, emit=deleting.session.emit)
    assert done == steps
