"""Conflicts as the API server writes them, and objects without fields."""

import pytest

from learnflow_infra.engine.release.managers import (
    Conflict,
    Obstacle,
    as_helm,
    foreign,
    has_own,
    helm_options,
    scaled_to_none,
    without,
)

ONE = 'Apply failed with 1 conflict: conflict with "operator": .data.password'
SEVERAL = (
    'Apply failed with 3 conflicts: conflicts with "kubectl" with subresource "scale" using '
    'apps/v1:\n- .spec.replicas\nconflicts with "kubectl-edit" using apps/v1:\n'
    "- .metadata.labels.app.kubernetes.io/name\n"
    '- .spec.template.spec.containers[name="a: b"].image'
)
OWN = (
    'Apply failed with 2 conflicts: conflicts with "helm" using v1:\n- .data.a\n'
    'conflicts with "learnflow-infra":\n- .data.b'
)
AUTOSCALED = (
    'Apply failed with 1 conflict: conflict with "kube-controller-manager" with subresource '
    '"scale" using apps/v1 at 2026-11-26T18:00:00Z: .spec.replicas'
)


def test_each_field_is_read_with_its_manager():
    assert [str(item) for item in foreign(SEVERAL)] == [
        ".spec.replicas, set by kubectl (scale)",
        ".metadata.labels.app.kubernetes.io/name, set by kubectl-edit",
        '.spec.template.spec.containers[name="a: b"].image, set by kubectl-edit',
    ]
    assert not any(item.standing for item in foreign(SEVERAL))


def test_an_apply_and_an_autoscaler_keep_their_claim():
    assert foreign(ONE) == [Conflict(field=".data.password", manager="operator", standing=True)]
    assert foreign(AUTOSCALED) == [
        Conflict(
            field=".spec.replicas",
            manager="kube-controller-manager",
            subresource="scale",
            standing=True,
        )
    ]
    (keda,) = foreign('conflict with "keda" with subresource "scale" using apps/v1: .spec.replicas')
    assert keda.standing


def test_helm_and_this_program_are_not_others():
    assert foreign(OWN) == []
    assert has_own(OWN)
    assert not has_own(SEVERAL)
    assert foreign("Deployment.apps is invalid: spec.strategy.rollingUpdate: Forbidden") == []


OBJECT = {
    "metadata": {"name": "web", "labels": {"app": "web", "app.kubernetes.io/name": "web"}},
    "spec": {
        "replicas": 1,
        "finalizers": ["a", "b"],
        "ports": [{"containerPort": 80}, {"containerPort": 81, "protocol": "UDP"}],
        "containers": [{"name": "a", "image": "i"}, {"name": "b", "image": "j"}],
        "args": ["x", "y"],
    },
}


@pytest.mark.parametrize(
    ("field", "place", "left"),
    [
        (".spec.replicas", ("spec", "replicas"), None),
        (".metadata.labels.app.kubernetes.io/name", ("metadata", "labels"), {"app": "web"}),
        ('.spec.containers[name="b"].image', ("spec", "containers", 1), {"name": "b"}),
        ('.spec.finalizers[="a"]', ("spec", "finalizers"), ["b"]),
        (".spec.args[1]", ("spec", "args"), ["x"]),
        (
            '.spec.ports[containerPort=80,protocol="TCP"]',
            ("spec", "ports"),
            [{"containerPort": 81, "protocol": "UDP"}],
        ),
        (".spec.none", ("spec",), OBJECT["spec"]),
        ('.spec.containers[name="c"].image', ("spec",), OBJECT["spec"]),
    ],
)
def test_a_field_is_left_out(field, place, left):
    found = without(OBJECT, [field])
    for key in place:
        found = found.get(key) if isinstance(found, dict) else found[key]
    assert found == left


@pytest.mark.parametrize(
    "fields",
    [
        {"stringData": {"c": "d"}, "data": "text"},
        {"stringData": "text", "data": {"a": "Yg=="}},
        {"stringData": {"c": 1}, "data": None},
    ],
)
def test_fields_of_another_type_are_left_to_the_api_server(fields):
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **fields}
    assert as_helm(secret, {}) == secret


def test_what_is_applied_as_helm_has_its_marks_and_no_stringdata():
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "labels": {"a": "b"}},
        "data": {"x": "eA=="},
        "stringData": {"y": "y"},
    }
    marks = {"labels": {"managed-by": "Helm"}, "annotations": {}}
    assert as_helm(secret, marks) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "labels": {"a": "b", "managed-by": "Helm"}},
        "data": {"x": "eA==", "y": "eQ=="},
    }


CONFLICT = foreign(ONE)


@pytest.mark.parametrize(
    ("method", "obstacles", "options"),
    [
        ("ssa", [], []),
        ("ssa", [Obstacle(obj={}, conflicts=CONFLICT)], ["--force-conflicts"]),
        ("ssa", [Obstacle(obj={}, own=True)], ["--force-conflicts"]),
        ("ssa", [Obstacle(obj={}, invalid=True, conflicts=CONFLICT)], ["--server-side=false"]),
        ("csa", [Obstacle(obj={}, conflicts=CONFLICT)], []),
        ("", [Obstacle(obj={}, invalid=True)], []),
    ],
)
def test_helm_is_told_to_get_over_obstacles_only_where_it_applies(method, obstacles, options):
    assert helm_options(method, obstacles) == options


@pytest.mark.parametrize(
    ("wanted", "live", "told"),
    [(1, 0, [".spec.replicas, set by somebody (scale)"]), (0, 0, []), (None, 0, []), (1, 3, [])],
)
def test_an_object_that_was_scaled_to_none_has_no_manager(wanted, live, told):
    desired, found = ({"spec": {"replicas": number}} for number in (wanted, live))
    assert [str(item) for item in scaled_to_none(desired, found)] == told
