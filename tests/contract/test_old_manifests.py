"""Releases whose manifest the API server no longer takes: what earlier versions installed."""

import pytest

from learnflow_infra.clients import helm_choice, retry
from learnflow_infra.engine.preflight import refusals
from learnflow_infra.engine.verbs import delete, deploy, diff
from learnflow_infra.errors import InputError
from learnflow_infra.events import Message, ignore
from tests.contract.demo_skill import checkout, foundation, options, skill, user

__all__ = ["checkout", "foundation", "options", "skill", "user"]

pytestmark = pytest.mark.contract
PODS = """
apiVersion: v1
kind: PodTemplate
metadata: {name: p}
template:
  spec:
    containers: [{name: main, image: "registry.invalid/x:1", env: [{name: A, value: "2"}%s]}]
"""
TWICE = PODS % ", {name: A, value: '3'}"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WIDGET = """
apiVersion: old.example/%s
kind: Widget
metadata: {name: w}
spec: {a: 1}
"""


def template(skill, text):
    (skill / "charts/demo/templates/more.yaml").write_text(text)


def messages(verb, options):
    events = []
    result = verb(options, events.append)
    return result, [event.text for event in events if isinstance(event, Message)]


@pytest.fixture
def widgets(kube):
    """A CRD that serves v1beta1 and v1; the result stops serving v1beta1."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    path = f"{CRDS}/widgets.old.example"

    def serve(*served):
        versions = [
            {"name": name, "served": name in served, "storage": name == "v1", "schema": schema}
            for name in ("v1beta1", "v1")
        ]
        kube.apply(
            path,
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": "widgets.old.example"},
                "spec": {
                    "group": "old.example",
                    "scope": "Namespaced",
                    "names": {"plural": "widgets", "kind": "Widget"},
                    "versions": versions,
                },
            },
        )
        done, _ = retry.poll(
            lambda: {name for name in ("v1beta1", "v1") if kube.resources(f"old.example/{name}")},
            until=lambda names: names == set(served),
            seconds=90,
        )
        assert done

    serve("v1beta1", "v1")
    yield serve
    kube.delete(path)
    retry.poll(lambda: kube.resources("old.example/v1"), until=lambda left: not left, seconds=90)


@pytest.mark.full
def test_a_release_in_a_removed_version_is_upgraded_by_a_corrected_chart(
    options, kube, skill, widgets
):
    template(skill, WIDGET % "v1beta1")
    deploy.deploy(options, ignore)
    path = f"/apis/old.example/v1/namespaces/{options.namespace}/widgets/w"
    uid = kube.get(path)["metadata"]["uid"]
    widgets("v1")
    with pytest.raises(InputError, match="would be refused") as error:
        diff.diff(options, ignore)
    assert "old.example/v1beta1; it serves it in old.example/v1" in error.value.why
    assert "demo: demo/templates/more.yaml: Widget/w: apiVersion" in error.value.why
    template(skill, WIDGET % "v1")
    assert diff.diff(options, ignore).changed
    done, texts = messages(deploy.deploy, options)
    assert done.changed
    assert [text for text in texts if "old.example/v1 stands for it" in text]
    assert kube.get(path)["metadata"]["uid"] == uid
    assert not deploy.deploy(options, ignore).changed


@pytest.mark.full
def test_a_release_in_a_removed_version_can_be_deleted(options, kube, skill, widgets):
    template(skill, WIDGET % "v1beta1")
    deploy.deploy(options, ignore)
    widgets("v1")
    delete.delete(options, purge=False, emit=ignore)
    assert kube.find(f"/apis/old.example/v1/namespaces/{options.namespace}/widgets/w") is None


def test_what_an_earlier_version_installed_is_named_and_corrected(
    options, kube, skill, monkeypatch, helm3
):
    template(skill, TWICE)
    with monkeypatch.context() as earlier:
        earlier.setattr(refusals, "ALL", [])
        earlier.setenv(helm_choice.VARIABLE, helm3)
        deploy.deploy(options, ignore)
    found, texts = messages(diff.diff, options)
    assert found.releases[0].changes == []
    assert [text for text in texts if ".env: duplicate entries" in text]
    template(skill, PODS % "")
    assert diff.diff(options, ignore).changed
    assert deploy.deploy(options, ignore).changed
    path = f"/api/v1/namespaces/{options.namespace}/podtemplates/p"
    (container,) = kube.get(path)["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "A", "value": "2"}]
    assert not deploy.deploy(options, ignore).changed
