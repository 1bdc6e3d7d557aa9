"""Load balancers on the embedded cluster, which has no controller for them."""

import pytest

from learnflow_infra.engine.gate import load_balancers


def service(kind, ingress=()):
    return {
        "kind": "Service",
        "metadata": {"name": "db"},
        "spec": {"type": kind},
        "status": {"loadBalancer": {"ingress": list(ingress)}},
    }


@pytest.mark.parametrize(
    ("rendered", "live", "passed"),
    [
        ([service("NodePort")], [], True),
        ([service("LoadBalancer")], [], False),
        ([service("LoadBalancer")], [service("LoadBalancer")], False),
        ([service("LoadBalancer")], [service("LoadBalancer", [{"ip": "10.0.0.9"}])], True),
    ],
)
def test_a_load_balancer_needs_somebody_who_serves_it(rendered, live, passed):
    names = load_balancers.requested({"postgres": [{"kind": "ConfigMap"}, *rendered]})
    check = load_balancers.check(names, live, "learnflow")
    assert check.passed == passed
    assert passed or "Service/db" in check.message
