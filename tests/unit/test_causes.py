from learnflow_infra.readiness.causes import container_trouble, explain


def pod(**status):
    return {"kind": "Pod", "metadata": {"name": "db-0", "uid": "u1"}, "status": status}


def event(kind, name, reason, when, *, uid="u1", type_="Warning"):
    return {
        "involvedObject": {"kind": kind, "name": name, "uid": uid},
        "reason": reason,
        "message": f"about {reason}",
        "type": type_,
        "lastTimestamp": when,
    }


def test_a_crashing_container_is_named_with_its_exit_code_and_the_newest_warning():
    crashing = {
        "name": "db",
        "ready": False,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
        "lastState": {"terminated": {"reason": "Error", "exitCode": 3}},
    }
    events = [
        event("Pod", "db-0", "BackOff", "2026-01-01T00:00:02Z"),
        event("Pod", "db-0", "Unhealthy", "2026-01-01T00:00:01Z"),
        event("Pod", "db-0", "Pulled", "2026-01-01T00:00:09Z", type_="Normal"),
        event("Pod", "db-0", "Killed", "2026-01-01T00:00:08Z", uid="an earlier pod"),
    ]
    (cause,) = explain([pod(phase="Running", containerStatuses=[crashing])], events)
    assert cause.container == "db"
    assert cause.reason == "CrashLoopBackOff: Error, exit code 3"
    assert cause.event == "BackOff: about BackOff"
    assert cause.lines()[0] == "Pod/db-0 container db: CrashLoopBackOff: Error, exit code 3"


def test_an_image_that_cannot_be_pulled_keeps_the_runtime_s_words():
    waiting = {
        "name": "db",
        "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}},
    }
    assert container_trouble(waiting) == "ErrImagePull: not found"


def test_a_container_that_ended_well_or_is_ready_is_no_trouble():
    assert not container_trouble({"name": "i", "state": {"terminated": {"exitCode": 0}}})
    assert not container_trouble({"name": "c", "ready": True, "state": {"running": {}}})


def test_a_set_that_may_not_make_pods_is_explained_by_its_own_event():
    stateful = {
        "kind": "StatefulSet",
        "metadata": {"name": "db", "uid": "u2", "generation": 1},
        "spec": {"replicas": 1},
        "status": {"observedGeneration": 1},
    }
    events = [event("StatefulSet", "db", "FailedCreate", "2026-01-01T00:00:00Z", uid="u2")]
    (cause,) = explain([stateful], events)
    assert cause.object == "StatefulSet/db"
    assert cause.event.startswith("FailedCreate")


def test_pods_come_first_because_they_carry_the_evidence():
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "a"}, "status": {}}
    assert [c.object for c in explain([claim, pod(phase="Pending")], [])] == [
        "Pod/db-0",
        "PersistentVolumeClaim/a",
    ]
