"""The offline check alone; tests/contract/test_crds_oracle.py holds it against the server."""

import pytest

from learnflow_infra.sources.crd_schemas import LONGEST, faults

TEXT = {"type": "string"}


def crd(spec, *, served=True):
    schema = {
        "type": "object",
        "required": ["spec", "metadata"],
        "properties": {"spec": spec, "metadata": {"type": "object"}},
    }
    return {
        "spec": {
            "group": "example.org",
            "names": {"kind": "Thing"},
            "versions": [
                {"name": "v1", "served": served, "schema": {"openAPIV3Schema": schema}},
                {"name": "v2", "served": True, "schema": {"openAPIV3Schema": {}}},
            ],
        }
    }


def thing(spec, version="v1", kind="Thing"):
    return {"apiVersion": f"example.org/{version}", "kind": kind, "metadata": {}, "spec": spec}


def spec_faults(schema, value):
    properties = {"x": schema, "known": TEXT}
    return faults(thing({"x": value}), [crd({"type": "object", "properties": properties})])


@pytest.mark.parametrize(
    ("schema", "value", "fault"),
    [
        (TEXT, "a", ""),
        (TEXT, 1, "spec.x: 1 is not of type 'string'"),
        (TEXT, None, ""),
        ({**TEXT, "nullable": True}, None, ""),
        ({**TEXT, "enum": ["a", "b"]}, "c", "spec.x: 'c' is not one of ['a', 'b']"),
        ({**TEXT, "pattern": "^[a-z]+$"}, "a\n", "spec.x: 'a\\n' does not match '^[a-z]+\\\\Z'"),
        ({**TEXT, "pattern": r"^\p{L}+$"}, "1", ""),  # Go's own syntax: left to the server
        ({"type": "integer"}, 2**63, "spec.x: 9223372036854775808 is greater than"),
        ({"type": "integer", "format": "int32"}, 2**31, ""),  # the server has 64 bits for it
        ({"type": "array", "items": TEXT}, ["a", 1], "spec.x.1: 1 is not of type 'string'"),
        (
            {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
            ["a", "a"],
            'spec.x.1: "a" is listed twice',
        ),
        ({"type": "object"}, {"a": 1}, "spec.x.a: the field is unknown."),
        ({"type": "object", "required": ["a"]}, {}, "spec.x: 'a' is a required property"),
    ],
)
def test_faults_name_the_field(schema, value, fault):
    found = spec_faults(schema, value)
    assert found == [] if not fault else found[0].startswith(fault)


def test_an_unknown_field_is_reported_with_a_suggestion():
    schema = {"type": "object", "properties": {"replicas": {"type": "integer"}}}
    assert spec_faults(schema, {"replcias": 3, "zzz": 1}) == [
        "spec.x.replcias: the field is unknown. Did you mean replicas?",
        "spec.x.zzz: the field is unknown.",
    ]


def test_defaults_are_set_before_required_fields_are_checked():
    schema = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {**TEXT, "default": "d"}},
    }
    assert spec_faults(schema, {}) == []
    assert spec_faults(schema, {"a": None}) == []


def test_a_long_value_is_cut():
    (found,) = spec_faults({"type": "integer"}, "x" * 5000)
    assert len(found) < LONGEST + 20


def test_the_version_decides():
    definition = crd({"type": "object"}, served=False)
    assert faults(thing({}), [definition]) == ["its CRD serves v2, not v1"]
    assert "spec: the field is unknown." in faults(thing({}, "v2"), [definition])


def test_kinds_without_a_definition_are_left_alone():
    assert faults(thing({"any": 1}, kind="Other"), [crd({"type": "object"})]) == []
