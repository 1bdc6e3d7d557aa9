"""Strimzi's real CRDs: damaged resources of our chart, checked offline and by the API server."""

import copy
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from learnflow_infra.clients.api_errors import ApiError
from learnflow_infra.sources.crd_schemas import faults
from tests.contract.test_strimzi import EVERYTHING, objects, render

pytestmark = pytest.mark.contract
OBJECTS = [obj for obj in objects(render("any", **EVERYTHING)) if "." in obj["apiVersion"]]
LISTENER = {"name": "a", "type": "internal", "tls": True}
VALUES = [None, True, 0, -1, 5, 1.5, "", "x", "1Gi", "true", [], {}, ["x"], {"x": "y"}]


def paths(value, above=()):
    """The path of each value in an object."""
    listed = enumerate(value if isinstance(value, list) else ())
    for key, below in value.items() if isinstance(value, dict) else listed:
        yield (*above, key)
        yield from paths(below, (*above, key))


@dataclass
class Damaged:
    """An object and what was changed in it, which is all that is shown of it."""

    obj: dict = field(repr=False)
    name: str
    changes: list = field(default_factory=list)


@st.composite
def damaged(draw):
    """An object with up to two fields changed, removed or renamed."""
    obj = copy.deepcopy(draw(st.sampled_from(OBJECTS)))
    example = Damaged(obj=obj, name=f"{obj['kind']}/{obj['metadata']['name']}")
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(list(paths(obj["spec"])) or [("more",)]))
        parent = obj["spec"]
        for key in path[:-1]:
            parent = parent[key]
        how = draw(st.sampled_from(["set", "take", "rename"]))
        example.changes.append((how, path))
        if how == "set" or path == ("more",):
            parent[path[-1]] = copy.deepcopy(draw(st.sampled_from(VALUES)))
            example.changes.append(parent[path[-1]])
        elif how == "take":
            parent.pop(path[-1])
        elif isinstance(parent, dict):
            parent[f"{path[-1]}x"] = parent.pop(path[-1])
    return example


@pytest.fixture
def verdicts(kube, namespace, served, strimzi_crds):
    """A function, as Hypothesis shows fixtures, and the CRDs are too large for that.

    It returns what the offline check and the server say of an object.
    """

    def judge(obj):
        obj["metadata"]["namespace"] = namespace
        path = served[obj["kind"]].format(namespace)
        theirs = refusal(kube, path, obj)
        by_rule = any(text in theirs for text in rules)
        return faults(obj, list(strimzi_crds.values())), "" if by_rule else theirs

    rules = set(messages(list(strimzi_crds.values())))
    return judge


def messages(schema):
    """What the CEL rules of a schema say; only the server evaluates them, after all else."""
    below = schema if isinstance(schema, list) else []
    if isinstance(schema, dict):
        yield from (rule["message"] for rule in schema.get("x-kubernetes-validations", ()))
        below = schema.values()
    for part in below:
        yield from messages(part)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(example=damaged())
def test_the_offline_check_and_the_server_agree(verdicts, example):
    ours, theirs = verdicts(example.obj)
    assert bool(ours) == bool(theirs), (ours, theirs)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"spec": {"kafka": {"listners": []}}}, "spec.kafka.listners: the field is unknown"),
        ({"spec": {"cruiseControl": {"images": "x"}}}, "spec.cruiseControl.images: the field is"),
        ({"spec": {"kafka": {"rack": {"topologyKey": 1}}}}, "spec.kafka.rack.topologyKey: "),
        ({"spec": {"kafka": {"listeners": [LISTENER]}}}, "spec.kafka.listeners.2: 'port' is a"),
        ({"nodePools": {"broker": {"spec": {"storag": {}}}}}, "spec.storag: the field is unknown"),
        ({"nodePools": {"a": {"spec": {"replicas": 1, "roles": ["x"]}}}}, "spec.roles.0: "),
        ({"users": {"app": {"spec": {"authentication": {"type": "x"}}}}}, "authentication.type: "),
    ],
)
def test_a_field_that_strimzi_does_not_know_is_named(strimzi_crds, settings, words):
    crds = list(strimzi_crds.values())
    found = [fault for obj in objects(render("any", **settings)) for fault in faults(obj, crds)]
    assert len(found) == 1
    assert words in found[0]


def refusal(kube, path, obj):
    try:
        kube.request("POST", path, body=obj, query={"dryRun": "All", "fieldValidation": "Strict"})
    except ApiError as error:
        if error.status in {400, 422}:
            return error.what
        raise
    return ""
