"""Which API versions replace removed ones, and a manifest with them."""

import pytest

from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.engine.release.removed_apis import replacement, rewritten

NEW = "networking.k8s.io/v1"
INGRESS = [{"apiVersion": NEW, "kind": "Ingress", "metadata": {"name": "i"}}]


@pytest.mark.parametrize(
    ("removed", "kind", "served", "desired", "expected"),
    [
        ("x.io/v1beta1", "Widget", ["x.io/v2", "x.io/v1"], [], "x.io/v2"),
        ("x.io/v1beta1", "Ingress", [NEW], INGRESS, ""),
        (
            "extensions/v1beta1",
            "Ingress",
            ["a.io/v1", "networking.k8s.io/v1"],
            INGRESS,
            INGRESS[0]["apiVersion"],
        ),
        ("extensions/v1beta1", "DaemonSet", ["apps/v1"], [], "apps/v1"),
        (
            "networking.k8s.io/v1beta1",
            "Ingress",
            ["networking.k8s.io/v1"],
            [],
            "networking.k8s.io/v1",
        ),
        ("policy/v1beta1", "PodSecurityPolicy", [], [], ""),
        ("x.io/v1", "Widget", ["y.io/v1"], [], ""),
    ],
)
def test_the_version_in_which_the_live_object_is_found(removed, kind, served, desired, expected):
    assert replacement((removed, kind), served, desired) == expected


def test_only_objects_of_removed_versions_are_changed():
    text = """---
# Source: c/templates/a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: a} # as it is
---
# Source: c/templates/b.yaml
apiVersion: x.io/v1beta1
kind: Widget
metadata: {name: b}
---
# Source: c/templates/c.yaml
apiVersion: policy/v1beta1
kind: PodSecurityPolicy
metadata: {name: c}
---
apiVersion: v1
kind: List
items: [{apiVersion: x.io/v1beta1, kind: Widget, metadata: {name: d}}]
"""
    chosen = {("x.io/v1beta1", "Widget"): "x.io/v1", ("policy/v1beta1", "PodSecurityPolicy"): ""}
    new = Manifest(text=rewritten(Manifest(text=text), chosen))
    assert [(obj["apiVersion"], obj["metadata"]["name"]) for obj in new.objects] == [
        ("v1", "a"),
        ("x.io/v1", "b"),
        ("x.io/v1", "d"),
    ]
    assert "metadata: {name: a} # as it is" in new.text
    assert new.source(new.objects[1]) == "c/templates/b.yaml"
