"""What a run asks the API server, and which programs it starts."""

import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from kubernetes.client import ApiClient

from learnflow_infra.engine.verbs import delete, deploy, rollback
from learnflow_infra.events import ignore
from tests.contract.demo_skill import checkout, foundation, options, publish_login, skill, user

__all__ = ["checkout", "foundation", "options", "skill", "user"]

pytestmark = pytest.mark.contract
RECORD = "GET /api/v1/namespaces/{}/configmaps/learnflow-endpoints"
NO_OP = {
    "GET /version": 1,
    "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews": 1,
    "GET /api/v1/namespaces/{}": 1,
    # the record, helm's, and the objects of the manifest beside a dry run of each
    RECORD: 1,
    "GET /api/v1/namespaces/{}/secrets/sh.helm.release.v1.demo.v1": 1,
    "GET /api/v1": 1,
    "GET /api/v1/namespaces/{}/configmaps/demo": 1,
    "GET /api/v1/namespaces/{}/services/demo": 1,
    "PATCH /api/v1/namespaces/{}/configmaps/demo": 1,
    "PATCH /api/v1/namespaces/{}/services/demo": 1,
    # node ports, images
    "GET /api/v1/services": 1,
    # readiness; images, too, read the pods and nodes
    "GET /apis/apps/v1/namespaces/{}/deployments": 1,
    "GET /apis/apps/v1/namespaces/{}/statefulsets": 1,
    "GET /apis/apps/v1/namespaces/{}/daemonsets": 1,
    "GET /apis/apps/v1/namespaces/{}/replicasets": 1,
    "GET /apis/batch/v1/namespaces/{}/jobs": 1,
    "GET /api/v1/namespaces/{}/persistentvolumeclaims": 1,
    "GET /api/v1/namespaces/{}/pods": 2,
    "GET /api/v1/namespaces/{}/events": 1,
    "GET /apis/storage.k8s.io/v1/storageclasses": 1,
    "GET /api/v1/namespaces/{}/resourcequotas": 1,
    # endpoints, and whether their Secrets are those of the verification
    "GET /api/v1/namespaces/{}/services": 2,
    "GET /api/v1/nodes": 3,
    "GET /api/v1/namespaces/{}/secrets": 1,
}
"""Requests of a deploy that has nothing to do, without watches; one release, one endpoint."""


@pytest.fixture
def requests(monkeypatch):
    """How often each method was used on each path of the API, except for watches."""
    counts = Counter()
    call = ApiClient.call_api

    def counted(self, method, url, *arguments, **options):
        parts = urlsplit(url)
        if "watch" not in parse_qs(parts.query):
            counts[f"{method} {parts.path}"] += 1
        return call(self, method, url, *arguments, **options)

    monkeypatch.setattr(ApiClient, "call_api", counted)
    return counts


@pytest.fixture
def programs(monkeypatch):
    """The programs that were started, with their first argument."""
    started = []

    class Counted(subprocess.Popen):
        def __init__(self, args, *rest, **options):
            started.append(f"{Path(args[0]).name} {args[1]}")
            super().__init__(args, *rest, **options)

    monkeypatch.setattr(subprocess, "Popen", Counted)
    return started


def test_a_no_op_asks_no_more_than_this(options, skill, kube, requests, programs):
    publish_login(skill, kube, options.namespace, "one")
    deploy.deploy(options, ignore)
    requests.clear()
    programs.clear()
    assert deploy.deploy(options, ignore).changed is False
    assert requests == {path.format(options.namespace): n for path, n in NO_OP.items()}
    assert sorted(programs) == ["helm get", "helm status", "helm upgrade"]


@pytest.mark.parametrize("verb", ["rollback", "delete"])
def test_the_clusters_record_is_read_once(options, requests, verb):
    deploy.deploy(options, ignore)
    path = RECORD.format(options.namespace)
    assert requests[path] == 1
    requests.clear()
    skill = replace(options, skills=("demo-k8s-setup",))
    match verb:
        case "rollback":
            rollback.rollback(skill, release=None, revision=1, emit=ignore)
        case "delete":
            delete.delete(options, purge=False, emit=ignore)
    assert requests[path] == 1
