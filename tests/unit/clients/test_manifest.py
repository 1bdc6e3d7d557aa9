"""Which objects a manifest has for helm, and which documents it cannot handle."""

import pytest

from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.hooks import is_hook

LIST = """---
# Source: c/templates/list.yaml
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: one}}
- apiVersion: v1
  kind: SecretList
  items: [{metadata: {name: two}}, {metadata: {name: three, labels: {a: 1}}}]
---
# Source: c/templates/map.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: four}
"""
HOOK = """# Source: c/templates/hook.yaml
apiVersion: batch/v1
kind: Job
metadata:
  generateName: once-
  annotations: {helm.sh/hook: pre-install, helm.sh/hook-delete-policy: hook-failed}
"""


def names(objects):
    return [f"{obj['kind']}/{obj['metadata']['name']}" for obj in objects]


def test_items_of_lists_are_objects():
    manifest = Manifest(text=LIST)
    assert names(manifest.objects) == [
        "ConfigMap/one",
        "Secret/two",
        "Secret/three",
        "ConfigMap/four",
    ]
    assert manifest.objects[2] == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "three"},
    }
    sources = [manifest.source(obj) for obj in manifest.objects]
    assert sources == ["c/templates/list.yaml"] * 3 + ["c/templates/map.yaml"]


@pytest.mark.parametrize("manifest", [Manifest(hook_texts=(HOOK,)), Manifest(text=HOOK)])
def test_a_hook_whose_name_is_generated_has_its_prefix(manifest):
    assert names(manifest.with_hooks) == ["Job/once-"]
    (hook,) = manifest.with_hooks
    assert is_hook(hook)
    assert (manifest.source(hook), manifest.faults) == ("c/templates/hook.yaml", [])


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ("kind: A\nmetadata: {name: a}", "A/a: apiVersion is not set"),
        ("apiVersion: v1\nmetadata: {name: a}", "an object/a: kind is not set"),
        ("apiVersion: 1\nkind: A\nmetadata: {name: a}", "A/a: apiVersion is not set"),
        ("apiVersion: v1\nkind: A", "A/(no name): metadata.name is not set"),
        ("apiVersion: v1\nkind: A\nmetadata:", "A/(no name): metadata.name is not set"),
        ("apiVersion: v1\nkind: A\nmetadata: {name: 12}", "A/12: metadata.name is not a text"),
        ("apiVersion: v1\nkind: A\nmetadata: {name: }", "A/(no name): metadata.name is not a text"),
        ("apiVersion: v1\nkind: A\nmetadata: [a]", "A/(no name): metadata is not a mapping"),
        (
            "apiVersion: v1\nkind: A\nmetadata: {generateName: a-}",
            "A/(no name): metadata.generateName: helm needs metadata.name instead",
        ),
        ("apiVersion: v1\nkind: List\nitems: [{kind: A}]", "A/(no name): apiVersion is not set"),
        ("a: b", "an object/(no name): apiVersion is not set"),
    ],
)
def test_what_helm_cannot_handle_is_named_with_its_template(document, fault):
    manifest = Manifest(text=f"---\n# Source: c/templates/a.yaml\n{document}\n")
    assert (list(manifest.with_hooks), manifest.faults) == ([], [f"c/templates/a.yaml: {fault}"])
