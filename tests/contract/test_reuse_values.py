"""Values of an earlier deploy: dropped with a word, or reused; never inherited by accident."""

from dataclasses import replace

import pytest

from learnflow_infra.engine.verbs import deploy, diff, template, values
from learnflow_infra.events import Message
from learnflow_infra.values import Flags
from learnflow_infra.values.explain import explain
from tests.contract.demo_skill import checkout, foundation, options, skill, user

__all__ = ["checkout", "foundation", "options", "skill", "user"]

pytestmark = pytest.mark.contract


def setting(options, *texts, **fields):
    return replace(options, flags=Flags(set_values=texts), **fields)


def told(run, options):
    """The warnings of a run about values that it drops."""
    events = []
    run(options, events.append)
    texts = [event.text for event in events if isinstance(event, Message)]
    return [text for text in texts if "--reuse-values" in text]


def greeting(kube, namespace):
    return kube.get(f"/api/v1/namespaces/{namespace}/configmaps/demo")["data"]["greeting"]


def test_values_stay_only_if_they_are_reused(options, kube):
    namespace = options.namespace
    assert told(deploy.deploy, setting(options, "demo.greeting=hi")) == []
    reusing = setting(options, reuse_values=True)
    assert told(deploy.deploy, reusing) == []
    assert greeting(kube, namespace) == "hi"
    assert "greeting: hi" in template.template(reusing, lambda _: None).replace('"', "")

    (line,) = told(diff.diff, options)
    assert "demo.greeting." in line
    assert told(deploy.deploy, options) == [line]  # a skill without charts-values
    assert greeting(kube, namespace) == "hello"


@pytest.mark.full
def test_flags_override_what_is_reused_and_the_origins_are_explained(options, kube):
    deploy.deploy(setting(options, "demo.greeting=hi,demo.other=1"), lambda _: None)
    reusing = setting(options, "demo.greeting=hey", reuse_values=True)
    computed = [item.computed for item in values.values(reusing, lambda _: None)]
    (explained,) = explain(computed, "demo.greeting")
    assert explained.value == "hey"
    assert [origin.value for origin in explained.chain] == ["hello", "hi", "hey"]
    assert explained.chain[1].source == "revision 1 of the release (--reuse-values)"
    (other,) = explain(computed, "demo.other")
    assert other.value == 1
    deploy.deploy(reusing, lambda _: None)
    assert greeting(kube, options.namespace) == "hey"


@pytest.mark.full
def test_the_first_deploy_has_nothing_to_reuse(options, kube):
    deploy.deploy(setting(options, reuse_values=True), lambda _: None)
    assert greeting(kube, options.namespace) == "hello"
