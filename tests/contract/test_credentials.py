import base64
from dataclasses import replace

import pytest

from learnflow_infra.engine.release import credentials
from learnflow_infra.errors import RefusedError
from learnflow_infra.models import Credential
from learnflow_infra.remedy import Command, Remedy

pytestmark = pytest.mark.contract
CREDENTIAL = Credential(secret="s", keys=("admin", "user"), volumes={"app": "db"})


def data(kube, namespace):
    return kube.find(f"/api/v1/namespaces/{namespace}/secrets/s")["data"]


def test_a_secret_is_generated_once_and_kept(kube, namespace):
    assert credentials.ensure(kube, namespace, CREDENTIAL) is True
    first = data(kube, namespace)
    assert credentials.ensure(kube, namespace, CREDENTIAL) is False
    assert data(kube, namespace) == first
    values = [base64.b64decode(first[key]) for key in ("admin", "user")]
    assert values[0] != values[1]
    assert all(len(value) == 32 for value in values)


def test_a_secret_that_lacks_a_key_is_not_changed(kube, namespace):
    path = f"/api/v1/namespaces/{namespace}/secrets"
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "data": {"user": "eA=="},
    }
    kube.request("POST", path, body=body)
    with pytest.raises(RefusedError, match="lacks the key admin"):
        credentials.ensure(kube, namespace, CREDENTIAL)
    assert data(kube, namespace) == {"user": "eA=="}


def test_a_volume_without_its_secret_stops_the_deploy(kube, namespace):
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data-db-0", "labels": {"app": "db"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    kube.request("POST", f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", body=claim)
    with pytest.raises(RefusedError, match="data-db-0 outlived") as error:
        credentials.ensure(kube, namespace, CREDENTIAL)
    assert error.value.remedy == "Restore the Secret with its old keys: admin, user."
    assert kube.find(f"/api/v1/namespaces/{namespace}/secrets/s") is None
    restore = Remedy("${kubectl} -n ${namespace} create secret: ", Command("deploy"))
    with pytest.raises(RefusedError) as error:
        credentials.ensure(kube, namespace, replace(CREDENTIAL, restore=restore), kubectl="k --c x")
    assert (
        str(error.value.remedy) == f"k --c x -n {namespace} create secret: learnflow-infra deploy"
    )
