"""What is said of an object whose kind the cluster does not serve."""

from types import SimpleNamespace

import pytest

from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.engine.release import served_kinds

MOVE = "; move its CRD from templates/ to crds/, which is installed first"
CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: shops.own.org}
spec: {group: own.org, names: {kind: Shop}}
"""
SHOP = {"apiVersion": "own.org/v2", "kind": "Shop", "metadata": {"name": "s"}}


def comparison(release, *, rendered="", crds=()):
    prepared = SimpleNamespace(
        release=SimpleNamespace(name=release), chart=SimpleNamespace(crds=crds)
    )
    return SimpleNamespace(
        prepared=prepared, desired=SimpleNamespace(manifest=Manifest(text=rendered))
    )


def cluster(version):
    """A cluster that serves Shop in one version; in none for ""."""
    group, _, name = version.partition("/")
    groups = [{"name": group, "versions": [{"groupVersion": version}]}] if name else []
    return SimpleNamespace(
        request=lambda *_: {"groups": groups},
        resources=lambda v: [{"kind": "Shop", "name": "shops"}] if v == version else [],
    )


NONE = "apiVersion: the cluster serves no kind Shop in own.org/v2"


@pytest.mark.parametrize(
    ("release", "comparisons", "served", "fault"),
    [
        ("a", [comparison("a")], "", NONE),
        ("a", [comparison("a", rendered=CRD)], "", NONE + MOVE),
        ("b", [comparison("a", rendered=CRD), comparison("b")], "", ""),
        ("a", [comparison("a"), comparison("b", crds=Manifest(text=CRD).objects)], "", ""),
        # as the release no longer has a CRD that is moved, helm would delete the live one
        ("a", [comparison("a", rendered=CRD)], "own.org/v1", f"{NONE}; it serves it in own.org/v1"),
        (
            "a",
            [comparison("a", rendered=CRD)],
            "other.org/v1",
            f"{NONE}; it serves it in other.org/v1{MOVE}",
        ),
    ],
)
def test_a_crd_of_the_same_manifest_has_to_move(release, comparisons, served, fault):
    defined = served_kinds.defined(comparisons)
    assert served_kinds.fault(cluster(served), SHOP, release, defined) == fault


@pytest.mark.parametrize("annotation", ["", "\n  annotations: {helm.sh/hook: pre-install}"])
def test_a_hook_comes_after_a_crd_of_the_same_manifest(annotation):
    crd = CRD.replace(
        "metadata: {name: shops.own.org}", f"metadata:\n  name: s.own.org{annotation}"
    )
    hook = {**SHOP, "metadata": {"name": "s", "annotations": {"helm.sh/hook": "post-install"}}}
    defined = served_kinds.defined([comparison("a", rendered=crd)])
    assert served_kinds.fault(cluster(""), hook, "a", defined) == ""


def test_a_crd_without_a_spec_defines_nothing_that_is_asked_for():
    crd = CRD.partition("spec:")[0]
    defined = served_kinds.defined([comparison("a", rendered=crd)])
    assert served_kinds.fault(cluster(""), SHOP, "a", defined) == NONE
