"""Rendering without a cluster; a stand-in for helm takes the options."""

from learnflow_infra.clients import helm, helm_choice
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.engine.release.rendering import render
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.planning import without_cluster
from learnflow_infra.engine.request.prepare import compute_all
from learnflow_infra.events import ignore
from learnflow_infra.versions import load


def test_charts_see_the_embedded_kubernetes_whatever_helm_was_built_with(monkeypatch):
    seen = []

    async def template(_what, *, namespace, capabilities, crds):
        seen.append(capabilities.kube_version)
        return Manifest(text="")

    monkeypatch.setattr(helm_choice, "ensure", lambda _emit: None)
    monkeypatch.setattr(helm, "template", template)
    plan = without_cluster(Options(profile="embedded"), ignore)
    render(compute_all(plan, ignore), "demo", ignore)
    assert set(seen) == {"v" + load().version("Kubernetes")}
