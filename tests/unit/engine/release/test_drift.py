"""What counts as drift, where the cluster has no object."""

from learnflow_infra.engine.release import drift


class Kube:
    """Stands for a cluster that serves Jobs, and has none."""

    def resources(self, _version):
        return [{"name": "jobs", "kind": "Job", "namespaced": True}]

    def find(self, _path):
        return None


def job(**spec):
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": spec}


def test_a_job_that_kubernetes_removed_after_its_end_is_no_drift():
    assert drift.find(Kube(), "n", [job(ttlSecondsAfterFinished=0)]) == []


def test_a_job_that_somebody_removed_is_gone():
    (finding,) = drift.find(Kube(), "n", [job()])
    assert finding.state == "gone"
