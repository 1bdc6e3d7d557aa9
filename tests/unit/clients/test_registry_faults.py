"""Registries' words mean the same, whichever program passes them on."""

import pytest
import yaml

from learnflow_infra.clients import helm_pull, registry_faults
from learnflow_infra.clients.registry_faults import Puller, remedy
from learnflow_infra.clients.registry_words import Fault, classify
from learnflow_infra.paths import repo_root
from learnflow_infra.readiness.causes import explain
from learnflow_infra.readiness.causes.image_pulls import CODES
from learnflow_infra.readiness.evidence import Evidence
from learnflow_infra.readiness.status import evaluate

ROWS = yaml.safe_load((repo_root() / "tests/unit/tables/registry_words.yaml").read_text())


def kubelet_code(row):
    """The code of the cause for a pod whose image the kubelet could not pull."""
    waiting = {"reason": "ErrImagePull", "message": row["words"]}
    image = row["name"].removeprefix("oci://")
    container = {"name": "c", "image": image, "ready": False, "state": {"waiting": waiting}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "uid": "p"},
        "spec": {"containers": [{"name": "c", "image": image}]},
        "status": {"phase": "Pending", "containerStatuses": [container]},
    }
    (cause,) = explain(Evidence(namespace="n", states=evaluate([pod])))
    return cause.code


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['speaker']}: {row['words'][:60]}")
def test_the_same_words_mean_the_same_through_every_program(row):
    fault = Fault[row["fault"]]
    assert classify(row["words"], row["name"]) is fault
    assert registry_faults.explained(row["name"], row["words"]).fault is fault
    assert helm_pull.explained(row["name"], "1.0.0", row["words"]).fault is fault
    assert kubelet_code(row) == CODES[fault]


def test_every_fault_has_rows():
    assert {row["fault"] for row in ROWS} == {fault.name for fault in Fault}


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("puller", Puller)
def test_every_fault_has_a_remedy_for_each_puller(fault, puller):
    text = str(remedy(fault, "r.example", puller))
    assert "{" not in text
    assert ("skopeo" in text or "certs.d" in text) <= (puller is Puller.skopeo)
    assert "helm registry" not in text or puller is Puller.helm


@pytest.mark.parametrize(
    ("fault", "puller", "words"),
    [
        (Fault.forbidden, Puller.skopeo, "skopeo login r.example"),
        (Fault.forbidden, Puller.helm, "helm registry login r.example"),
        (Fault.forbidden, Puller.node, "imagePullSecrets"),
        (Fault.limited, Puller.skopeo, "skopeo login r.example"),
        (Fault.tls, Puller.skopeo, "certs.d/r.example"),
        (Fault.tls, Puller.helm, "SSL_CERT_FILE"),
        (Fault.missing, Puller.helm, "skill.yaml"),
        (Fault.missing, Puller.skopeo, "--image-mirror r.example=HOST/PATH"),
        (Fault.unreachable, Puller.skopeo, "bundle load"),
        (Fault.unreachable, Puller.helm, "HTTPS_PROXY"),
        (Fault.transient, Puller.helm, "bundle load"),
    ],
)
def test_the_text_of_a_remedy(fault, puller, words):
    assert words in str(remedy(fault, "r.example", puller))
