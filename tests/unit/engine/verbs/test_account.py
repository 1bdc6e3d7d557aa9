"""What a run says that it did: computed from what was done, also where an error ends it."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from learnflow_infra.cli.main import app
from learnflow_infra.engine.release import adopt as adoption
from learnflow_infra.engine.release import claims_at_risk, crds, recover
from learnflow_infra.engine.release.foreign import Foreign
from learnflow_infra.engine.release.state import Action, Observed
from learnflow_infra.engine.request import confirmation
from learnflow_infra.engine.request.confirmation import Question
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.verbs import delete, deploy
from learnflow_infra.errors import NotReadyError, RefusedError, ReleaseFailedError, accounted
from learnflow_infra.events import StepFailed, ignore, step
from learnflow_infra.models import Release
from learnflow_infra.outputs.record import Record, Verified
from learnflow_infra.sources.chart_reading import Chart, Defaults

ADOPTED = "Before that, what others made was taken over."


def foreign(name):
    return Foreign(release="r", skill="s", name=name, maker="by hand", path="", mark={})


def session(**more):
    events = []
    return SimpleNamespace(emit=events.append, events=events, namespace="n", **more)


def test_an_error_gives_account_of_what_was_done_before_it_in_its_own_class():
    with pytest.raises(RefusedError) as error, accounted("This was done.", "And that."):
        raise RefusedError("No.", why="w", remedy="r")
    assert error.value.what == "No. This was done. And that."
    assert (error.value.why, error.value.remedy) == ("w", "r")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["Release/a"], "Release/a was not made by this program."),
        (["Release/a", "Secret/b"], "Release/a and 1 more were not made by this program."),
    ],
)
def test_what_others_made_is_counted(names, words):
    assert adoption.refusal([foreign(name) for name in names]).what == words


@pytest.mark.parametrize(
    ("names", "words"), [(["a"], "r: a is being deleted."), (["a", "b"], "r: a, b are being")]
)
def test_claims_that_are_being_deleted_are_counted(monkeypatch, names, words):
    monkeypatch.setattr(claims_at_risk, "find", lambda *_: names)
    with pytest.raises(RefusedError) as error:
        claims_at_risk.require_none(session(), "r", [])
    assert error.value.what.startswith(words)


def refusing(calls, *, second):
    """A preview that refuses the second time, as after an adoption or a recovery."""

    def preview(*_args, done=("No release was changed.",), **_more):
        calls.append(done)
        with accounted(*done):
            if len(calls) > 1 and second:
                raise RefusedError("It cannot change.")
        found = [] if len(calls) > 1 else [foreign("Release/r")]
        return SimpleNamespace(foreign=found, comparisons=[])

    return preview


@pytest.fixture
def steps(monkeypatch):
    """The parts of a preview that change something, each of which works."""
    monkeypatch.setattr(adoption, "adopt", lambda *_: None)
    monkeypatch.setattr(deploy, "recover_cut_off", lambda _session, _items, done: done)
    monkeypatch.setattr(deploy.fixed, "require_confirmed", lambda *_: None)
    return monkeypatch


def previewed(monkeypatch, *, second, confirm=confirmation.accept):
    calls = []
    monkeypatch.setattr(deploy, "preview", refusing(calls, second=second))
    return deploy._preview(session(), None, [], Options(adopt=True, confirm=confirm))


def test_a_refusal_after_an_adoption_does_not_say_that_nothing_was_changed(steps):
    with pytest.raises(RefusedError) as error:
        previewed(steps, second=True)
    assert error.value.what == f"It cannot change. {ADOPTED}"


def test_an_adoption_that_is_not_confirmed_changed_no_release(steps):
    with pytest.raises(RefusedError) as error:
        previewed(steps, second=False, confirm=confirmation.refuse)
    assert error.value.what.endswith("not confirmed. No release was changed.")


def test_a_second_question_after_an_adoption_gives_account_of_it(steps):
    def ask(_items, confirm):
        confirm(Question(what="Delete it and create it again", name="r"))

    def confirm(question):
        if question.what.startswith("Delete"):
            confirmation.refuse(question)

    steps.setattr(deploy.fixed, "require_confirmed", ask)
    with pytest.raises(RefusedError) as error:
        previewed(steps, second=False, confirm=confirm)
    assert error.value.what == f"Delete it and create it again: not confirmed. {ADOPTED}"


def test_a_recovery_that_fails_gives_account_of_those_before_it(monkeypatch):
    async def one(_session, item):
        if item.name == "b":
            raise ReleaseFailedError("b could not be rolled back.")
        return f"Before that, {item.name} was uninstalled."

    monkeypatch.setattr(recover, "recover", one)
    cut_off = [SimpleNamespace(name=name, action=Action.UNINSTALL) for name in "ab"]
    with pytest.raises(ReleaseFailedError) as error:
        recover.recover_cut_off(session(), cut_off, [ADOPTED])
    expected = f"b could not be rolled back. {ADOPTED} Before that, a was uninstalled."
    assert error.value.what == expected


@pytest.mark.parametrize(
    ("done", "created", "outcomes", "changed"),
    [
        ([], False, [False, False], False),
        ([], False, [False, True], True),
        ([], True, [False], True),
        ([ADOPTED], False, [False], True),
    ],
)
def test_whether_a_deploy_changed_something_follows_from_outcomes(
    monkeypatch, done, created, outcomes, changed
):
    """A cluster that was started for it is no change of what is deployed."""
    target = SimpleNamespace(context="c")
    settled = SimpleNamespace(outcomes=[SimpleNamespace(changed=item) for item in outcomes])
    connected = session(target=target, watches=nullcontext())

    def started(_options, _target, emit):
        with step(emit, "cluster/start", "Start the cluster"):
            return SimpleNamespace(skills=[])

    proof = SimpleNamespace(record=Record(), results=[], verified=True)
    for name, value in {
        "_plan": started,
        "_with_cluster": lambda plan, _: plan,
        "prepare": lambda *_: [],
        "connect": lambda *_: connected,
        "recorded": lambda *_: nullcontext(),
        "_preview": lambda *_: (SimpleNamespace(comparisons=[]), done),
        "_execute": lambda *_: (settled, created),
        "conclude": lambda _: proof,
    }.items():
        monkeypatch.setattr(deploy, name, value)
    monkeypatch.setattr(deploy.planning, "choose", lambda *_: target)
    monkeypatch.setattr(deploy.checkout, "checks", lambda _: [])
    monkeypatch.setattr(deploy.run_lock, "hold", lambda *_: nullcontext())
    assert deploy.deploy(Options(), ignore).changed is changed


def failed(events):
    return next(event for event in events if isinstance(event, StepFailed))


def test_a_step_that_applies_crds_has_begun_to_change_the_cluster(tmp_path):
    crd = {"metadata": {"name": "things.example.org"}}
    chart = Chart(name="c", version="1", path=tmp_path, defaults=Defaults(), crds=(crd,))
    definition = crds._Definition(desired=crd, live=None, differs=True)
    compared = crds.Compared(chart=chart, definitions=[definition])
    events = []

    def apply(*_args, **_more):
        raise NotReadyError("It was lost.")

    with pytest.raises(NotReadyError):
        crds.apply(SimpleNamespace(apply=apply), compared, events.append)
    assert failed(events).changed is True


class Deleting:
    """A delete of two releases, of which one may fail."""

    def __init__(self, monkeypatch, *, failing="b"):
        self.taken_back = []
        document = {"profile": "embedded", "endpoints": []}
        record = Record(endpoints=document, verified={"s": Verified(at="1")})
        access = SimpleNamespace(everything=lambda: True)
        self.session = session(record=record, watches=SimpleNamespace(), access=access)
        profiles = {"embedded": SimpleNamespace(keeps=())}
        releases = [Release(name=name, skill="s", profiles=profiles) for name in ("b", "a")]
        plan = SimpleNamespace(skills=[SimpleNamespace(name="s")], releases=releases)
        target = self.session.target = SimpleNamespace(context="c", profile="embedded")

        async def observe(_session, _release):
            return Observed(live=SimpleNamespace(manifest=SimpleNamespace(objects=[])))

        async def uninstall(_session, release, _live):
            if release.name == failing:
                raise ReleaseFailedError(f"{failing} could not be uninstalled.")

        self.session.watches = nullcontext()
        monkeypatch.setattr(delete.planning, "choose", lambda *_: target)
        monkeypatch.setattr(delete.planning, "for_cluster", lambda *_: plan)
        monkeypatch.setattr(delete.run_lock, "hold", lambda *_: nullcontext())
        monkeypatch.setattr(delete, "connect", lambda *_: self.session)
        monkeypatch.setattr(delete, "observe_own", observe)
        monkeypatch.setattr(delete, "uninstall", uninstall)
        monkeypatch.setattr(delete, "_require_data_stays", lambda *_: None)
        monkeypatch.setattr(delete, "_claim_ownership", lambda *_, **__: None)
        monkeypatch.setattr(
            delete, "take_back", lambda _s, _r, names, _why: self.taken_back.append(names)
        )


def test_a_delete_that_fails_says_what_is_gone_and_unproves_the_record(monkeypatch):
    deleting = Deleting(monkeypatch)
    with pytest.raises(ReleaseFailedError) as error:
        delete.delete(Options(), purge=False, emit=deleting.session.emit)
    assert error.value.what == "b could not be uninstalled. Before that, a was uninstalled."
    assert deleting.taken_back == [{"s"}]
    assert failed(deleting.session.events).changed is True


@pytest.mark.parametrize(
    ("done", "lines"),
    [
        (delete.Deleted(releases=["a"], kept=["pvc/x"]), ["Deleted: a", "Kept (--purge-data"]),
        (delete.Deleted(releases=[]), ["Deleted: no release; none was installed"]),
        (
            delete.Deleted(releases=[], purged=["pvc/x"]),
            ["Deleted: no release; none was installed", "Purged: pvc/x"],
        ),
    ],
)
def test_a_delete_says_what_is_gone_also_where_only_data_was_left(monkeypatch, done, lines):
    monkeypatch.setattr(delete, "delete", lambda *_, **__: done)
    shown = CliRunner().invoke(app, ["delete"]).stdout.splitlines()
    assert [line.startswith(words) for line, words in zip(shown, lines, strict=True)] == [
        True for _ in lines
    ]
