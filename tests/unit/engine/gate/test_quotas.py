"""Quotas that count pods."""

from types import SimpleNamespace

import pytest

from learnflow_infra.engine.gate import foundation
from learnflow_infra.engine.gate.demand import demand

POD = {"containers": [{"name": "c"}]}


def workload(kind="StatefulSet", replicas=3, **meta):
    template = {"metadata": {"labels": {"app": "x"}}, "spec": POD}
    spec = {"template": template, "selector": {"matchLabels": {"app": "x"}}}
    count = {"parallelism": replicas} if kind == "Job" else {"replicas": replicas}
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": "x", **meta},
        "spec": {**spec, **count},
    }


def quota(hard, used=None, **spec):
    return {
        "metadata": {"name": "q"},
        "spec": {"hard": hard, **spec},
        "status": {"hard": hard, "used": used or {}},
    }


HOOK = {"annotations": {"helm.sh/hook": "post-install"}}


@pytest.mark.parametrize(
    ("objects", "quotas", "running", "passed"),
    [
        ([workload()], [quota({"pods": "2"})], 0, [False]),
        ([workload()], [quota({"count/pods": "2"})], 0, [False]),
        ([workload()], [quota({"pods": "3"})], 0, [True]),
        ([workload()], [quota({"pods": 3}, {"pods": 1})], 0, [False]),
        ([workload()], [quota({"pods": "3"}, {"pods": "1"})], 1, [True]),
        ([workload()], [quota({"pods": "1k"})], 0, [True]),
        ([workload(replicas=0)], [quota({"pods": "0"})], 0, []),
        ([workload("Job")], [quota({"pods": "0"})], 0, []),
        ([workload("Job", **HOOK)], [quota({"pods": "0"})], 0, []),
        ([workload("DaemonSet")], [quota({"pods": "0"})], 0, []),
        ([workload(namespace="other")], [quota({"pods": "0"})], 0, []),
        ([workload(), workload()], [quota({"pods": "5"})], 0, [False]),
        ([workload()], [quota({"pods": "1"}, scopes=["Terminating"])], 0, []),
        ([workload()], [quota({"pods": "1"}, scopeSelector={})], 0, []),
        ([workload()], [quota({"requests.cpu": "1"})], 0, []),
        ([workload()], [], 0, []),
    ],
)
def test_a_quota_has_to_allow_the_pods(objects, quotas, running, passed):
    meta = {"name": "p", "namespace": "n", "labels": {"app": "x"}}
    found = {"resourcequotas": quotas, "pods": [{"metadata": meta}] * running, "nodes": []}
    kube = SimpleNamespace(items=lambda path: found[path.rpartition("/")[2]])
    checks = foundation.manifest_checks(kube, "n", demand({"r": objects}))
    assert [check.passed for check in checks if check.name == "quota"] == passed
