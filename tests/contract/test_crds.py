"""CRDs are brought before what needs them; the real API server is the oracle of our own check."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from learnflow_infra.clients.kube import ApiError
from learnflow_infra.engine import crds
from learnflow_infra.errors import RefusedError
from learnflow_infra.events import StepFinished
from learnflow_infra.sources.charts import Chart
from learnflow_infra.sources.crds import faults

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
PATH = f"{crds.PATH}/things.contract.example.org"


def chart(crd, tmp_path):
    return Chart(name="demo", version="1.0.0", path=tmp_path, values={}, schema=None, crds=(crd,))


@pytest.fixture
def served(kube, tmp_path):
    crds.apply(kube, chart(CRD, tmp_path), lambda _event: None)


def test_they_are_installed_once_upgraded_when_they_differ_and_served_at_once(
    kube, namespace, tmp_path
):
    kube.delete(PATH)
    events = []
    assert crds.missing(kube, [chart(CRD, tmp_path)]) == [CRD]
    assert crds.apply(kube, chart(CRD, tmp_path), events.append) is True
    thing = {**THING, "spec": {"name": "a"}}
    kube.request("POST", collection(namespace), body=thing)
    assert crds.apply(kube, chart(CRD, tmp_path), events.append) is False
    newer = copy.deepcopy(CRD)
    schema = newer["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"]["properties"]["more"] = TEXT
    assert crds.apply(kube, chart(newer, tmp_path), events.append) is True
    assert crds.apply(kube, chart(newer, tmp_path), events.append) is False
    assert kube.items(collection(namespace))[0]["spec"] == {"name": "a"}
    changes = [event.changed for event in events if isinstance(event, StepFinished)]
    assert changes == [True, False, True, False]
    crds.apply(kube, chart(CRD, tmp_path), events.append)


def test_a_version_that_holds_objects_is_not_taken_away(kube, served, tmp_path):
    other = copy.deepcopy(CRD)
    other["spec"]["versions"][0]["name"] = "v2"
    before = kube.find(PATH)["spec"]
    with pytest.raises(RefusedError, match="would lose the version v1"):
        crds.apply(kube, chart(other, tmp_path), lambda _event: None)
    assert kube.find(PATH)["spec"] == before


THING = {"apiVersion": "contract.example.org/v1", "kind": "Thing", "metadata": {"name": "x"}}


def collection(namespace):
    return f"/apis/contract.example.org/v1/namespaces/{namespace}/things"


def taken(kube, namespace, thing):
    query = {"dryRun": "All", "fieldValidation": "Strict"}
    try:
        kube.request("POST", collection(namespace), body=thing, query=query)
    except ApiError as error:
        if error.status not in {400, 422}:
            raise
        return False
    return True


JSON = st.recursive(
    st.sampled_from([True, 0, 1, 5, 10, 1.5, "", "a", "fast", "A1", "80"]),
    lambda v: st.lists(v, max_size=2) | st.dictionaries(st.sampled_from("abk"), v, max_size=2),
    max_leaves=3,
)
GOOD = {
    "name": st.sampled_from(["a", "abc"]),
    "count": st.integers(1, 9),
    "mode": st.sampled_from(["fast", "safe"]),
    "port": st.sampled_from([80, "http"]),
    "maybe": st.none() | st.just("x"),
    "labels": st.just({"a": "b"}),
    "free": st.just({"any": {"thing": 1}}),
    "items": st.just([{"key": "x"}]),
    "either": st.sampled_from([{"a": "x"}, {"b": "x"}]),
    "on": st.booleans(),
}
SPECS = st.fixed_dictionaries({}, optional=GOOD | {"nmae": st.just("x")}) | st.fixed_dictionaries(
    {"name": st.just("a")},
    optional={key: good | JSON for key, good in GOOD.items() if key != "name"},
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(spec=SPECS)
def test_what_the_server_takes_we_take_and_what_it_refuses_we_refuse(kube, namespace, served, spec):
    thing = {**THING, "spec": spec}
    assert (faults(thing, [CRD]) == []) == taken(kube, namespace, thing), faults(thing, [CRD])


def test_faults_name_the_field():
    found = faults({**THING, "spec": {"name": "a", "items": [{"kye": "x"}]}}, [CRD])
    assert len(found) == 1
    assert found[0].startswith("spec.items.0: ")
    assert "'kye' was unexpected" in found[0]


def test_kinds_that_no_crd_defines_are_left_to_the_server():
    assert faults({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}, [CRD]) == []


def test_a_version_that_is_not_served():
    (found,) = faults({**THING, "apiVersion": "contract.example.org/v9"}, [CRD])
    assert "serves v1, not v9" in found
