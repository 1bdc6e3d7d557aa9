import pytest

from learnflow_infra.objects import reference
from learnflow_infra.readiness.scaling import differences


def scaled_by(manager, operation, subresource=None, field="f:replicas"):
    entry = {"manager": manager, "operation": operation, "fieldsV1": {"f:spec": {field: {}}}}
    own = {"manager": "helm", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    entry |= {"subresource": subresource} if subresource else {}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "managedFields": [own, entry]},
        "spec": {"replicas": 5},
    }


@pytest.mark.parametrize(
    ("scaled", "left"),
    [
        (scaled_by("ops", "Apply"), True),
        (scaled_by("keda-operator", "Update", "scale"), True),
        (scaled_by("kube-controller-manager", "Update", "scale"), True),
        (scaled_by("kubectl", "Update", "scale"), False),
        (scaled_by("kubectl-edit", "Update"), False),
        (scaled_by("ops", "Apply", field="f:paused"), False),
        (scaled_by("learnflow-infra", "Apply"), False),
    ],
)
def test_a_number_that_others_keep_setting_is_left_to_them(scaled, left):
    found = differences([scaled], {reference(scaled): 2}, [])
    assert found == ({} if left else {"Deployment/web": 2})
