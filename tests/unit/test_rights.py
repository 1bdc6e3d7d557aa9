"""Rights: what refusals lack, what rules allow, and the rules for what is needed."""

import pytest

from learnflow_infra.rights import Right, denied, granted, lacks_right, listed, rules

NODES = (
    'nodes is forbidden: User "system:serviceaccount:team:deployer" cannot list resource "nodes" '
    'in API group "" at the cluster scope'
)
SETS = (
    "Error: UPGRADE FAILED: could not get information about the resource: statefulsets.apps "
    '"kafka" is forbidden: User "dev" cannot get resource "statefulsets" in API group "apps" '
    'in the namespace "team"'
)
EXEC = (
    'pods "a" is forbidden: User "u" cannot create resource "pods/exec" in API group "" '
    'in the namespace "n"'
)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (NODES, Right(verb="list", resource="nodes")),
        (SETS, Right(verb="get", group="apps", resource="statefulsets", namespace="team")),
        (EXEC, Right(verb="create", resource="pods/exec", namespace="n")),
        ("secrets is forbidden: exceeded quota: q", None),
    ],
)
def test_the_right_that_a_refusal_names(text, right):
    assert denied(text) == right


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        (NODES, True),
        ('forbidden: User "u" cannot get path "/metrics"', True),
        ('roles "x" is forbidden: user "dev" is attempting to grant RBAC permissions', True),
        ('pods "a" is forbidden: exceeded quota: q, requested: pods=1', False),
        ('pods "a" is forbidden: violates PodSecurity "restricted:latest"', False),
        ('admission webhook "w" denied the request: you cannot list resource owners', False),
        ("unable to create new content in namespace n because it is being terminated", False),
    ],
)
def test_refusals_for_a_right_and_others(text, lacks):
    assert lacks_right(text) is lacks


PODS = {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "pods/log"]}
ONE = {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"]}
ALL = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
ANY_EXEC = {"verbs": ["create"], "apiGroups": [""], "resources": ["*/exec"]}


@pytest.mark.parametrize(
    ("rule", "right", "allowed"),
    [
        (PODS, Right(verb="list", resource="pods"), True),
        (PODS, Right(verb="watch", resource="pods"), False),
        (PODS, Right(verb="get", resource="pods/log"), True),
        (PODS, Right(verb="get", resource="pods/exec"), False),
        (PODS, Right(verb="list", group="apps", resource="pods"), False),
        (ONE, Right(verb="get", resource="secrets", name="a"), True),
        (ONE, Right(verb="get", resource="secrets", name="b"), False),
        (ONE, Right(verb="get", resource="secrets"), False),
        (ALL, Right(verb="patch", group="apps", resource="deployments/scale"), True),
        (ANY_EXEC, Right(verb="create", resource="pods/exec"), True),
    ],
)
def test_what_a_rule_allows(rule, right, allowed):
    assert granted([rule], right) is allowed


def test_rules_allow_the_rights_and_nothing_else():
    needed = [
        Right(verb="get", resource="pods"),
        Right(verb="list", resource="pods"),
        Right(verb="list", resource="events"),
        Right(verb="get", resource="events"),
        Right(verb="bind", group="g", resource="clusterroles", name="a"),
    ]
    assert rules(needed) == [
        {"apiGroups": [""], "resources": ["events", "pods"], "verbs": ["get", "list"]},
        {
            "apiGroups": ["g"],
            "resources": ["clusterroles"],
            "resourceNames": ["a"],
            "verbs": ["bind"],
        },
    ]
    assert all(granted(rules(needed), right) for right in needed)


def test_rights_as_text():
    needed = [
        Right(verb="get", resource="pods/log", namespace="n"),
        Right(verb="watch", group="apps", resource="statefulsets", namespace="n"),
        Right(verb="list", group="apps", resource="statefulsets", namespace="n"),
        Right(verb="list", resource="nodes"),
    ]
    assert listed(needed) == [
        "list nodes in the whole cluster",
        "get pods/log in the namespace n",
        "list, watch statefulsets.apps in the namespace n",
    ]
