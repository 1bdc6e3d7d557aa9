"""Operators that others run: what they watch, and whether one of them is used."""

import pytest

from learnflow_infra.engine.request import operators
from learnflow_infra.models import ChartSource, OperatorSpec, Profile, Release, ReleaseName
from learnflow_infra.remedy import Remedy

UPSTREAM = Profile("upstream")
SPEC = OperatorSpec(deployment="operator", watches="WATCHED", remedy=Remedy("Let it watch."))
SOURCE = ChartSource(chart="oci://x/y", version="1.2.0", operator=SPEC)
RELEASE = Release(name=ReleaseName("op"), skill="s", profiles={UPSTREAM: SOURCE})
OWN_NAMESPACE = {"valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}


OLM = {"valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['olm.targetNamespaces']"}}}
DIGEST = "quay.io/x/operator@sha256:" + "a" * 64


def deployment(namespace="ops", variable=None, image="quay.io/x/operator:1.2.0", owner=None):
    env = [] if variable is None else [{"name": "WATCHED", **variable}]
    sidecar = {"name": "sidecar", "image": "mesh:9"}
    containers = [sidecar, {"name": "c", "image": image, "env": env}]
    names = ("meta.helm.sh/release-name", "meta.helm.sh/release-namespace")
    return {
        "kind": "Deployment",
        "metadata": {
            "name": "operator",
            "namespace": namespace,
            "annotations": dict(zip(names, owner, strict=True)) if owner else None,
        },
        "spec": {"template": {"spec": {"containers": containers}}},
    }


def found(*deployments):
    return operators.of_release(RELEASE, UPSTREAM, SPEC, deployments, "mine")


@pytest.mark.parametrize(
    ("variable", "watches", "served"),
    [
        ({"value": "*"}, ("*",), True),
        ({"value": ""}, ("*",), True),
        ({}, ("*",), True),
        ({"value": "team, mine"}, ("team", "mine"), True),
        ({"value": "team,ops"}, ("team", "ops"), False),
        (OWN_NAMESPACE, ("ops",), False),
        ({"valueFrom": {"configMapKeyRef": {"name": "x", "key": "y"}}}, (), False),
    ],
)
def test_what_an_operator_watches(variable, watches, served):
    (one,) = found(deployment(variable=variable))
    assert (one.watches, one.serves("mine")) == (watches, served)


@pytest.mark.parametrize(
    ("targets", "watches"), [("", ("*",)), ("team,mine", ("team", "mine")), (None, ("*",))]
)
def test_what_an_operator_of_olm_watches(targets, watches):
    """OLM writes the namespaces into an annotation of the pods."""
    one = deployment(variable=OLM)
    one["spec"]["template"]["metadata"] = {"annotations": {"olm.targetNamespaces": targets}}
    assert found(one)[0].watches == watches


@pytest.mark.parametrize(
    ("name", "labels", "version"),
    [
        ("operator-v1.2.0", {}, "1.2.0"),
        ("operator", {"chart": "strimzi-kafka-operator-1.2.1"}, "1.2.1"),
        ("operator", {"helm.sh/chart": "op-1.3.0"}, "1.3.0"),
        ("operator", {"app.kubernetes.io/version": "1.2.0"}, "1.2.0"),
        ("operator", {"chart": "unversioned"}, ""),
        ("operator", None, ""),
    ],
)
def test_the_version_of_an_image_by_digest(name, labels, version):
    one = deployment(variable={"value": "*"}, image=DIGEST)
    one["metadata"] |= {"name": name, "labels": labels}
    assert found(one)[0].version == version


def test_a_tag_that_is_no_version_is_said_unless_a_label_tells():
    one = deployment(variable={"value": "*"}, image="x/operator:latest")
    assert found(one)[0].version == "latest"
    one["metadata"]["labels"] = {"chart": "op-1.2.0"}
    assert found(one)[0].version == "1.2.0"


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("operator", True),
        ("operator-v1.2.0", True),
        ("operator-v1.2.0-rc1", True),
        ("operator-validator", False),
        ("my-operator", False),
    ],
)
def test_the_names_of_an_operators_deployment(name, known):
    assert operators.is_named(name, SPEC) is known


def test_without_the_variable_it_watches_all_namespaces():
    one = deployment()
    one["spec"]["template"]["spec"]["containers"][1]["env"] = None
    assert found(one)[0].watches == ("*",)


@pytest.mark.parametrize(
    ("image", "version", "served"),
    [
        ("quay.io/x/operator:1.2.0", "1.2.0", True),
        ("mirror:5000/x/operator:1.2.3", "1.2.3", True),
        ("quay.io/x/operator:1.1.0", "1.1.0", False),
        ("quay.io/x/operator:1.3.0", "1.3.0", False),
        ("quay.io/x/operator:1.2.0@sha256:" + "a" * 64, "1.2.0", True),
        ("quay.io/x/operator@sha256:" + "a" * 64, "", False),
        ("no reference", "", False),
    ],
)
def test_an_operator_of_another_version_is_not_used(image, version, served):
    (one,) = found(deployment(variable={"value": "*"}, image=image))
    assert (one.version, one.serves("mine")) == (version, served)


def test_ours_is_none_of_others():
    ours = deployment("mine", OWN_NAMESPACE, owner=("op", "mine"))
    assert found(ours) == []
    (other,) = found(ours, deployment(variable={"value": "*"}))
    assert other.beside
    assert other.sees("mine")
    assert not other.serves("mine")


def test_that_of_another_namespace_of_this_program_is_one_of_others():
    (other,) = found(deployment("first", OWN_NAMESPACE, owner=("op", "first")))
    assert (other.namespace, other.serves("mine")) == ("first", False)
    assert str(other) == "first/operator, version 1.2.0, which watches first"


def test_the_list_that_it_would_watch_keeps_the_others():
    (one,) = found(deployment(variable={"value": "team,ops"}))
    assert one.wider("mine") == '["team", "mine"]'


def test_an_operator_without_containers():
    one = deployment()
    one["spec"] = {}
    (other,) = found(one)
    assert (other.version, other.serves("mine")) == ("", False)
    assert "of an unknown version" in str(other)
