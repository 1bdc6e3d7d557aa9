"""The types of documents name what their published schemas do."""

import json

import pytest

from learnflow_infra import documents
from learnflow_infra.outputs import contracts


def properties(schema, *keys):
    found = json.loads(documents.schema_path(schema).read_text())
    for key in keys:
        found = found["properties"][key]["items"]
    return set(found["properties"])


@pytest.mark.parametrize(
    ("kind", "schema", "keys"),
    [
        (contracts.EndpointsDocument, "endpoints", ()),
        (contracts.EndpointDocument, "endpoints", ("endpoints",)),
        (contracts.VerifyResult, "verify-result", ()),
        (contracts.CheckDocument, "verify-result", ("checks",)),
        (contracts.DeployReport, "deploy-report", ()),
        (contracts.StepReport, "deploy-report", ("steps",)),
        (contracts.ObjectReport, "deploy-report", ("objects",)),
        (contracts.StateReport, "deploy-report", ("objects", "states")),
        (contracts.CauseReport, "deploy-report", ("causes",)),
    ],
)
def test_a_type_has_the_properties_of_its_schema(kind, schema, keys):
    assert set(kind.__annotations__) == properties(schema, *keys)
