"""What helm cannot do with a manifest is found without a cluster."""

import pytest

from learnflow_infra.engine.release import validate


def config(name, **metadata):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}


HOOK = config("a", annotations={"helm.sh/hook": "pre-install"})


@pytest.mark.parametrize(
    ("objects", "repeated"),
    [
        ([config("a"), config("b")], []),
        ([config("a"), config("a")], ["a"]),
        ([config("a"), config("a", namespace="n")], ["a"]),
        ([config("a"), config("a", namespace="other")], []),
        ([config("a"), {**config("a"), "kind": "Secret"}], []),
        ([HOOK, HOOK], []),
    ],
)
def test_an_object_that_a_manifest_has_twice_is_found(objects, repeated):
    assert [obj["metadata"]["name"] for obj in validate.repeated(objects, "n")] == repeated
