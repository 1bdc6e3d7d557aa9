"""Strimzi's real CRDs: damaged resources of our chart, checked offline and by the API server."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from learnflow_infra.clients.api_errors import ApiError
from learnflow_infra.sources.crd_schemas import faults
from tests.contract.strimzi import strimzi_crds
from tests.contract.test_strimzi import EVERYTHING, objects, render, served

__all__ = ["served", "strimzi_crds"]
pytestmark = pytest.mark.contract
OBJECTS = objects(render("any", **EVERYTHING))
LISTENER = {"name": "a", "type": "internal", "tls": True}
VALUES = [None, True, 0, -1, 5, 1.5, "", "x", "1Gi", "true", [], {}, ["x"], {"x": "y"}]


def paths(value, above=()):
    """The path of each value in an object."""
    listed = enumerate(value if isinstance(value, list) else ())
    for key, below in value.items() if isinstance(value, dict) else listed:
        yield (*above, key)
        yield from paths(below, (*above, key))


@st.composite
def damaged(draw):
    """An object with up to two fields changed, removed or renamed."""
    obj = copy.deepcopy(draw(st.sampled_from(OBJECTS)))
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(list(paths(obj["spec"])) or [("more",)]))
        parent = obj["spec"]
        for key in path[:-1]:
            parent = parent[key]
        how = draw(st.sampled_from(["set", "take", "rename"]))
        if how == "set" or path == ("more",):
            parent[path[-1]] = copy.deepcopy(draw(st.sampled_from(VALUES)))
        elif how == "take":
            parent.pop(path[-1])
        elif isinstance(parent, dict):
            parent[f"{path[-1]}x"] = parent.pop(path[-1])
    return obj


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(obj=damaged())
def test_the_offline_check_and_the_server_agree(kube, namespace, served, strimzi_crds, obj):
    obj["metadata"]["namespace"] = namespace
    ours = faults(obj, list(strimzi_crds.values()))
    theirs = refusal(kube, served[obj["kind"]].format(namespace), obj)
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
