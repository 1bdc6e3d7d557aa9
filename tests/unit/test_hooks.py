"""The hooks of helm, as objects name them."""

import pytest

from learnflow_infra.hooks import hooks_of, is_hook, is_only_test


def annotated(value):
    return {"metadata": {"annotations": {"helm.sh/hook": value}}}


@pytest.mark.parametrize(
    ("obj", "hooks", "only_test"),
    [
        ({}, set(), False),
        ({"metadata": []}, set(), False),
        ({"metadata": {"annotations": None}}, set(), False),
        (annotated(1), set(), False),
        (annotated("test"), {"test"}, True),
        (annotated("test-success"), {"test-success"}, True),
        (annotated("test, pre-upgrade"), {"test", "pre-upgrade"}, False),
    ],
)
def test_the_hooks_of_an_object(obj, hooks, only_test):
    assert (hooks_of(obj), is_only_test(obj)) == (hooks, only_test)
    assert is_hook(obj) is bool(hooks)
