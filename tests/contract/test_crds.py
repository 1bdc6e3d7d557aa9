"""CRDs are installed before the resources that need them, upgraded, and never deleted."""

import copy
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from learnflow_infra import paths
from learnflow_infra.clients import api_paths, retry
from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.release import crds
from learnflow_infra.errors import FoundationError, RefusedError
from learnflow_infra.events import Message, StepFinished, ignore
from learnflow_infra.sources.chart_reading import Chart, Defaults
from learnflow_infra.sources.crd_schemas import faults
from learnflow_infra.sources.crd_upgrade import ANNOTATION

pytestmark = pytest.mark.contract
TEXT = {"type": "string"}
SPEC = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "pattern": "^[a-z]+$"},
        "count": {"type": "integer", "minimum": 1, "maximum": 9},
        "mode": {"type": "string", "enum": ["fast", "safe"]},
        "port": {"x-kubernetes-int-or-string": True},
        "maybe": {"type": "string", "nullable": True},
        "labels": {"type": "object", "additionalProperties": TEXT},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "items": {"type": "array", "items": {"type": "object", "properties": {"key": TEXT}}},
        "either": {
            "type": "object",
            "properties": {"a": TEXT, "b": TEXT},
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
        "on": {"type": "boolean"},
    },
}
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.contract.example.org"},
    "spec": {
        "group": "contract.example.org",
        "scope": "Namespaced",
        "names": {"kind": "Thing", "plural": "things", "singular": "thing"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC}}},
            }
        ],
    },
}
NAME = CRD["metadata"]["name"]
PATH = f"{api_paths.CRDS}/{NAME}"


def remove(kube):
    """Delete the CRD, and wait until the server has finalized it."""
    kube.delete(PATH)
    gone, _ = retry.poll(lambda: kube.find(PATH), until=lambda live: live is None, seconds=90)
    assert gone


def pending(kube, chart):
    return crds.compare(kube, chart).pending


def apply(kube, chart, emit):
    return crds.apply(kube, crds.compare(kube, chart), emit)


def chart(crd, tmp_path):
    return Chart(name="demo", version="1.0.0", path=tmp_path, defaults=Defaults(), crds=(crd,))


@pytest.fixture
def served(kube, tmp_path):
    apply(kube, chart(CRD, tmp_path), ignore)


def test_they_are_installed_once_upgraded_when_they_differ_and_served_at_once(
    kube, namespace, tmp_path
):
    remove(kube)
    events = []
    assert pending(kube, chart(CRD, tmp_path)) == [NAME]
    assert crds.missing(kube, [chart(CRD, tmp_path)]) == [CRD]
    assert apply(kube, chart(CRD, tmp_path), events.append) is True
    thing = {**THING, "spec": {"name": "a"}}
    kube.request("POST", collection(namespace), body=thing)
    assert apply(kube, chart(CRD, tmp_path), events.append) is False
    newer = copy.deepcopy(CRD)
    schema = newer["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"]["properties"]["more"] = TEXT
    assert pending(kube, chart(newer, tmp_path)) == [NAME]
    assert crds.missing(kube, [chart(newer, tmp_path)]) == []
    assert apply(kube, chart(newer, tmp_path), events.append) is True
    assert pending(kube, chart(newer, tmp_path)) == []
    assert apply(kube, chart(newer, tmp_path), events.append) is False
    assert kube.items(collection(namespace))[0]["spec"] == {"name": "a"}
    changes = [event.changed for event in events if isinstance(event, StepFinished)]
    assert changes == [True, False, True, False]
    apply(kube, chart(CRD, tmp_path), events.append)


def test_nothing_is_written_without_a_difference(kube, served, tmp_path):
    before = kube.find(PATH)["metadata"]
    assert apply(kube, chart(CRD, tmp_path), ignore) is False
    assert kube.find(PATH)["metadata"] == before


def test_foreign_changes_are_reverted_and_foreign_fields_stay(kube, served, tmp_path):
    theirs = {"metadata": {"labels": {"team": "x"}}, "spec": {"names": {"shortNames": ["tg"]}}}
    kube.request("PATCH", PATH, body=theirs, content_type="application/merge-patch+json")
    assert apply(kube, chart(CRD, tmp_path), ignore) is False
    live = kube.find(PATH)
    assert live["metadata"]["labels"] == {"team": "x"}
    live["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"].pop("spec")
    kube.request("PUT", PATH, body=live)
    assert apply(kube, chart(CRD, tmp_path), ignore) is True
    live = kube.find(PATH)
    assert "spec" in live["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    assert live["metadata"]["labels"] == {"team": "x"}


@pytest.fixture(autouse=True)
def phase(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "phase_dir", lambda: tmp_path / "a phase")


def crds_to_apply(command):
    """The CRDs in the file of a kubectl command."""
    words = shlex.split(command)
    assert words[:-1] == ["kubectl", "apply", "--server-side", "--force-conflicts", "-f"]
    return list(yaml.safe_load_all(Path(words[-1]).read_text()))


def with_versions(*names):
    crd = copy.deepcopy(CRD)
    first = crd["spec"]["versions"][0]
    crd["spec"]["versions"] = [
        {**first, "name": name, "storage": index == 0} for index, name in enumerate(names)
    ]
    return crd


def test_a_version_that_is_served_or_stores_objects_is_not_removed(kube, served, tmp_path):
    before = kube.find(PATH)["spec"]
    other = copy.deepcopy(CRD)
    other["metadata"]["name"] = "others.contract.example.org"
    other["spec"]["names"] = {"kind": "Other", "plural": "others", "singular": "other"}
    both = replace(chart(CRD, tmp_path), crds=(other, with_versions("v2")))
    with pytest.raises(RefusedError, match="would lose the version v1"):
        crds.compare(kube, both)
    with pytest.raises(RefusedError, match="would lose the version v1") as error:
        apply(kube, both, ignore)
    written = crds_to_apply(str(error.value.remedy).splitlines()[-1])
    assert [crd["spec"] for crd in written] == [crd["spec"] for crd in both.crds]
    assert kube.find(PATH)["spec"] == before
    assert kube.find(f"{api_paths.CRDS}/others.contract.example.org") is None  # all or nothing


def test_a_further_version_is_served_when_apply_returns(kube, served, tmp_path):
    assert apply(kube, chart(with_versions("v1", "v2"), tmp_path), ignore) is True
    assert kube.find("/apis/contract.example.org/v2")["resources"]
    with pytest.raises(RefusedError, match="would lose the version v2"):  # served, never stored
        apply(kube, chart(CRD, tmp_path), ignore)
    remove(kube)


def test_an_older_chart_leaves_the_crds_of_a_newer_one(kube, served, tmp_path):
    newer = copy.deepcopy(CRD)
    newer["spec"]["versions"][0]["additionalPrinterColumns"] = [
        {"name": "Mode", "type": "string", "jsonPath": ".spec.mode"}
    ]
    assert apply(kube, replace(chart(newer, tmp_path), version="1.10.0"), ignore) is True
    before, events = kube.find(PATH), []
    assert apply(kube, replace(chart(CRD, tmp_path), version="1.9.0"), events.append) is False
    assert kube.find(PATH) == before
    (text,) = [event.text for event in events if isinstance(event, Message)]
    assert "stays: demo 1.10.0 applied it and is newer" in text
    kube.request(
        "PATCH",
        PATH,
        body={"metadata": {"annotations": {ANNOTATION: None}}},
        content_type="application/merge-patch+json",
    )


def test_a_user_without_rights_for_crds_can_deploy_if_they_are_served(
    kube, kubeconfig, served, tmp_path
):
    nobody = Kube(kubeconfig=kubeconfig, context="nobody")
    assert apply(nobody, chart(CRD, tmp_path), ignore) is False
    assert pending(nobody, chart(CRD, tmp_path)) == []
    with pytest.raises(FoundationError, match="lacks CRDs of demo, and you may not") as error:
        apply(nobody, chart(with_versions("v1", "v9"), tmp_path), ignore)
    assert "administrator" in str(error.value.remedy)
    (written,) = crds_to_apply(str(error.value.remedy).splitlines()[-1])
    assert written["metadata"]["annotations"] == {ANNOTATION: "demo 1.0.0"}


THING = {"apiVersion": "contract.example.org/v1", "kind": "Thing", "metadata": {"name": "x"}}


def collection(namespace):
    return f"/apis/contract.example.org/v1/namespaces/{namespace}/things"


def test_faults_name_the_field():
    thing = {**THING, "spec": {"name": "a", "items": [{"kye": "x"}]}}
    assert faults(thing, [CRD]) == ["spec.items.0.kye: the field is unknown. Did you mean key?"]


def test_kinds_that_no_crd_defines_are_left_to_the_server():
    assert faults({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}, [CRD]) == []


def test_a_version_that_is_not_served():
    (fault,) = faults({**THING, "apiVersion": "contract.example.org/v9"}, [CRD])
    assert "serves v1, not v9" in fault
