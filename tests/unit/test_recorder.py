from learnflow_infra.engine.records import Recorder
from learnflow_infra.events import step


def run(recorder, name, *, changed, progress=False):
    with step(recorder, name, name.title()) as running:
        if progress:
            running.progress(1)
        running.done(changed=changed)


def told(seen):
    return [(type(event).__name__, event.step) for event in seen]


def test_a_step_found_done_again_is_not_told_twice():
    seen = []
    recorder = Recorder(seen.append)
    run(recorder, "a", changed=False)
    run(recorder, "a", changed=False)
    assert told(seen) == [("StepStarted", "a"), ("StepFinished", "a")]
    assert recorder.changed is False


def test_a_step_that_does_something_the_second_time_is_told():
    seen = []
    recorder = Recorder(seen.append)
    run(recorder, "a", changed=False)
    run(recorder, "a", changed=True, progress=True)
    assert told(seen)[2:] == [("StepStarted", "a"), ("StepProgress", "a"), ("StepFinished", "a")]
    assert recorder.changed is True


def test_the_report_holds_every_step_once_with_its_result():
    recorder = Recorder(lambda _event: None)
    run(recorder, "a", changed=None)
    run(recorder, "a", changed=False)
    report = recorder.report()
    assert [item["step"] for item in report["steps"]] == ["a"]
    assert report["steps"][0]["result"] == "done"
    assert report["changed"] is False
