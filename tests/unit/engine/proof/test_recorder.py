import pytest

from learnflow_infra.documents import schema_faults
from learnflow_infra.engine.proof.recorder import Recorder
from learnflow_infra.errors import NotReadyError
from learnflow_infra.events import ObjectGone, ObjectSeen, step


def run(recorder, name, *, changed, progress=False):
    with step(recorder, name, name.title()) as running:
        if progress:
            running.progress(1)
        running.done(changed=changed)


def kinds(seen):
    return [(type(event).__name__, event.step) for event in seen]


def test_a_repeated_step_without_a_change_is_reported_once():
    seen = []
    recorder = Recorder(seen.append)
    run(recorder, "a", changed=False)
    run(recorder, "a", changed=False)
    assert kinds(seen) == [("StepStarted", "a"), ("StepFinished", "a")]
    assert recorder.changed is False


def test_a_repeated_step_with_a_change_is_reported():
    seen = []
    recorder = Recorder(seen.append)
    run(recorder, "a", changed=False)
    run(recorder, "a", changed=True, progress=True)
    assert kinds(seen)[2:] == [("StepStarted", "a"), ("StepProgress", "a"), ("StepFinished", "a")]
    assert recorder.changed is True


def test_a_cluster_that_was_started_and_images_that_were_pulled_change_nothing_deployed():
    recorder = Recorder(lambda _event: None)
    for name in ("cluster/start", "host/packages", "image/kafka", "images/load", "chart/kafka"):
        run(recorder, name, changed=True)
    assert recorder.report()["changed"] is False
    run(recorder, "namespace", changed=True)
    assert recorder.report()["changed"] is True


@pytest.mark.parametrize("changes", [True, False])
def test_a_step_that_fails_while_it_changes_something_has_changed_something(changes):
    recorder = Recorder(lambda _event: None)

    def fail():
        with step(recorder, "release/a", "A") as running:
            if changes:
                running.change("upgrading")
            raise NotReadyError("a is not ready.")

    with pytest.raises(NotReadyError):
        fail()
    assert recorder.report()["changed"] is changes


def test_a_verification_with_failed_checks_is_no_success():
    recorder = Recorder(lambda _event: None)
    with step(recorder, "verify/a", "A") as running:
        running.failed("2 of 3 checks passed")
    (item,) = recorder.report()["steps"]
    assert (item["result"], item["note"]) == ("failed", "2 of 3 checks passed")


def test_the_report_holds_every_step_once_with_its_result():
    recorder = Recorder(lambda _event: None)
    run(recorder, "a", changed=None)
    run(recorder, "a", changed=False)
    report = recorder.report()
    assert [item["step"] for item in report["steps"]] == ["a"]
    assert report["steps"][0]["result"] == "done"
    assert report["changed"] is False


WHERE = {"context": "c", "namespace": "n"}


def seen(state, message="m"):
    return ObjectSeen(
        step="release/a", object="Pod/x", owner="", state=state, message=message, created=1.0
    )


def test_the_report_has_the_final_status_of_each_object():
    recorder = Recorder(lambda _event: None)
    for event in (
        seen("InProgress"),
        ObjectGone(step="release/a", object="Pod/x"),
        seen("Current"),
    ):
        recorder(event)
    report = recorder.report()
    assert schema_faults(report | WHERE, "deploy-report") == []
    (item,) = report["objects"]
    assert [state["state"] for state in item["states"]] == ["InProgress", "Current"]
    assert "gone" not in item


def test_the_report_has_the_error_and_its_causes():
    recorder = Recorder(lambda _event: None)
    run(recorder, "release/a", changed=True)
    recorder(seen("InProgress"))
    error = NotReadyError("a is not ready.", why="w", remedy="r")
    error.causes = [{"code": "ContainerCrashed", "object": "Pod/x", "message": "m"}]
    recorder.failed(error)
    report = recorder.report()
    assert schema_faults(report | WHERE, "deploy-report") == []
    assert (report["result"], report["error"]["exitCode"]) == ("failed", 7)
    assert report["causes"][0]["step"] == "release/a"


def test_an_interrupt_is_no_traceback_in_the_report():
    recorder = Recorder(lambda _event: None)
    recorder.failed(KeyboardInterrupt())
    assert recorder.report()["error"] == {"what": "Interrupted.", "exitCode": 130}
