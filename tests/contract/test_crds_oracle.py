"""The real API server is the oracle of the offline check: both accept and refuse the same."""

import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from learnflow_infra.clients.api_errors import ApiError
from learnflow_infra.engine.release import crds
from learnflow_infra.events import ignore
from learnflow_infra.sources.chart_reading import Chart, Defaults
from learnflow_infra.sources.crd_schemas import faults

pytestmark = pytest.mark.contract
TEXT = {"type": "string"}
INT_OR_STRING, PRESERVE = "x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields"
LIST, EMBEDDED = "x-kubernetes-list-type", "x-kubernetes-embedded-resource"


def obj(required=(), **properties):
    return {"type": "object", "properties": properties, "required": list(required)}


NUMBERS = {
    "count": {"type": "integer", "minimum": 1, "maximum": 9},
    "between": {
        "type": "integer",
        "minimum": 1,
        "exclusiveMinimum": True,
        "maximum": 4,
        "exclusiveMaximum": True,
    },
    "even": {"type": "number", "multipleOf": 2},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "small_int32": {"type": "integer", "format": "int32", "minimum": 0},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "on": {"type": "boolean"},
    "port": {INT_OR_STRING: True},
    "digits": {
        INT_OR_STRING: True,
        "pattern": "^[0-9]+$",
        "anyOf": [{"type": "integer"}, {"type": "string"}],
    },
}
TEXTS = {
    "name": {**TEXT, "minLength": 1, "pattern": "^[a-z]+$"},
    "mode": {**TEXT, "enum": ["fast", "safe"]},
    "labels": {"type": "object", "additionalProperties": TEXT, "maxProperties": 2},
}
NULLS = {
    "maybe": {**TEXT, "nullable": True},
    "maybe_mode": {**TEXT, "enum": ["fast", "safe"], "nullable": True},
    "maybe_port": {INT_OR_STRING: True, "nullable": True},
    "maybe_object": {**obj(["a"], a=TEXT), "nullable": True},
    "maybe_labels": {"type": "object", "additionalProperties": {**TEXT, "nullable": True}},
    "default": obj(["x"], x={**TEXT, "default": "d"}, y=TEXT),
    "default_object": {**obj(["i"], i=TEXT), "default": {"i": "a"}},
}
FREE = {
    "free": {"type": "object", PRESERVE: True},
    "half": {**obj(a=obj(b=TEXT)), PRESERVE: True},
    "any": {PRESERVE: True},
    "none": {"type": "object"},
    "resource": {"type": "object", EMBEDDED: True, PRESERVE: True},
    "own_resource": {**obj(spec=obj(a=TEXT)), EMBEDDED: True},
}
LISTS = {
    "items": {"type": "array", "maxItems": 3, "items": obj(key=TEXT)},
    "set": {"type": "array", LIST: "set", "items": TEXT},
    "map": {
        "type": "array",
        LIST: "map",
        "x-kubernetes-list-map-keys": ["k"],
        "items": obj(["k"], k=TEXT, a=TEXT),
    },
}
LOGIC = {
    "either": {**obj(a=TEXT, b=TEXT), "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
    "not_both": {**obj(a=TEXT, b=TEXT), "not": {"required": ["a", "b"]}},
    "deep": {
        **obj(a={"type": "integer"}, k=TEXT),
        "anyOf": [
            {"properties": {"a": {"minimum": 5}}},
            {"properties": {"k": {"enum": ["a"]}}, "required": ["k"]},
        ],
    },
}
SPEC = obj(["name"], **NUMBERS, **TEXTS, **NULLS, **FREE, **LISTS, **LOGIC)
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "oracles.oracle.example.org"},
    "spec": {
        "group": "oracle.example.org",
        "scope": "Namespaced",
        "names": {"kind": "Oracle", "plural": "oracles", "singular": "oracle"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": obj(spec=SPEC)},
            }
        ],
    },
}

one_of = st.sampled_from
BIG = [2**31 - 1, 2**31, -(2**31), 2**63 - 1, 2**63, 2**64]
LEAVES = one_of([None, True, False, 0, 1, 2, 4, 5, 9, 10, -1, 1.0, 1.5, 0.25, 1e20]) | one_of(
    [*BIG, "", "a", "fast", "abc", "A1", "80", "a\n", [], {}]
)
KEYS = one_of(["a", "b", "k", "x", "y", "i", "key", "spec", "apiVersion", "kind", "metadata"])
ANYTHING = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3),
    max_leaves=5,
)


def objects(keys, values):
    return st.dictionaries(one_of(keys), one_of(values), max_size=2)


LIKELY = {
    "digits": one_of([1, "1", "a", None]),
    "resource": objects(["apiVersion", "kind", "z"], ["v1", 1])
    | one_of([{"apiVersion": "v1", "kind": "X", "z": 1}]),
    "own_resource": one_of([{"apiVersion": "v1", "kind": "X", "spec": {key: "b"}} for key in "ab"]),
    "map": st.lists(objects("ka", ["a", "b", None, 1]), max_size=3),
    "set": st.lists(one_of(["a", "b"]), max_size=3),
    "items": st.lists(objects(["key", "kye"], ["a", None, 1]), max_size=4),
    "either": objects("abc", ["x", None, 1]),
    "not_both": objects("abc", ["x", None]),
    "deep": objects("ak", [1, 5, 9, "a", "b", None]),
    "default": objects("xyz", ["a", None, 1]),
    "maybe_object": objects("ab", ["a", None]) | st.none(),
    "maybe_labels": objects("ab", ["a", None]),
    "half": st.fixed_dictionaries({"a": objects("bc", ["a", 1])}),
}
SPECS = st.builds(
    lambda wild, likely: {"name": "a", **dict(likely), **wild},
    st.dictionaries(one_of(sorted(SPEC["properties"])), ANYTHING, max_size=1),
    st.lists(
        one_of(sorted(LIKELY)).flatmap(lambda key: st.tuples(st.just(key), LIKELY[key])),
        max_size=2,
    ),
)
THING = {"apiVersion": "oracle.example.org/v1", "kind": "Oracle", "metadata": {"name": "x"}}


@pytest.fixture(scope="module")
def served(kube, tmp_path_factory):
    empty = tmp_path_factory.mktemp("chart")
    chart = Chart(name="o", version="1.0.0", path=empty, defaults=Defaults(), crds=(CRD,))
    crds.apply(kube, crds.compare(kube, chart), ignore)


def refusal(kube, namespace, thing):
    query = {"dryRun": "All", "fieldValidation": "Strict"}
    path = f"/apis/oracle.example.org/v1/namespaces/{namespace}/oracles"
    try:
        kube.request("POST", path, body=thing, query=query)
    except ApiError as error:
        if error.status in {400, 422}:
            return error.what
        raise
    return ""


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(spec=SPECS)
@example(spec={"name": "a", "even": 2**63})
def test_a_custom_resource_is_accepted_or_refused_as_by_the_server(kube, namespace, served, spec):
    thing = {**THING, "spec": spec}
    ours, theirs = faults(thing, [CRD]), refusal(kube, namespace, thing)
    assert bool(ours) == bool(theirs), (json.dumps(spec), ours, theirs)
