from learnflow_infra.readiness.tracker import Snapshot


def job(*conditions):
    status = {"conditions": [{"type": name, "status": "True"} for name in conditions]}
    return {"kind": "Job", "metadata": {"name": "topics"}, "status": status}


def pod(phase, *, owned=True):
    owners = [{"kind": "Job", "uid": "j"}] if owned else []
    return {
        "kind": "Pod",
        "metadata": {"name": "p", "ownerReferences": owners},
        "status": {"phase": phase},
    }


def snapshot(*objects, missing=()):
    return Snapshot(objects=objects, missing=missing)


def test_a_failed_attempt_of_a_job_that_completed_does_not_count():
    assert snapshot(job("Complete"), pod("Failed"), pod("Succeeded")).ready


def test_a_failed_pod_without_an_owner_counts():
    assert not snapshot(pod("Failed", owned=False)).ready


def test_a_job_that_gave_up_ends_the_wait():
    assert snapshot(job("Failed"), pod("Failed")).failed
    assert not snapshot(job(), pod("Failed")).failed


def test_what_is_missing_is_not_ready():
    assert not snapshot(missing=("StatefulSet/db",)).ready


def test_the_summary_names_what_is_waited_for():
    text = snapshot(job(), pod("Succeeded"), missing=("StatefulSet/db",)).summary()
    assert text == "1/3 ready, StatefulSet/db: does not exist yet"
