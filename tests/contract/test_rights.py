"""A user who may work in one namespace: what is refused, and that the printed Role is enough."""

import json
from contextlib import nullcontext
from dataclasses import replace

import pytest

from learnflow_infra import paths
from learnflow_infra.clients.kube import Kube
from learnflow_infra.engine.proof import tunnels
from learnflow_infra.engine.verbs import (
    delete,
    deploy,
    diagnose,
    diff,
    endpoints,
    history,
    rights,
    rollback,
    status,
    verify,
)
from learnflow_infra.errors import ClusterUnreachableError, FoundationError
from learnflow_infra.events import ignore
from learnflow_infra.rights import Right, rules
from learnflow_infra.values import Flags
from tests.contract.demo_skill import checkout, foundation, options, skill, user
from tests.contract.grants import GROUP, grant, until_granted

__all__ = ["checkout", "foundation", "options", "skill", "user"]

pytestmark = pytest.mark.contract
SUBJECT = {"apiGroup": GROUP, "kind": "User", "name": "resident"}
DEMO = ("demo-k8s-setup",)
VERBS = {
    "deploy": lambda o: deploy.deploy(o, ignore),
    "diff": lambda o: diff.diff(o, ignore),
    "verify": lambda o: verify.verify(o, "both", ignore),
    "status": lambda o: status.status(o, ignore),
    "endpoints": lambda o: endpoints.endpoints(o, ignore),
    "diagnose": lambda o: diagnose.diagnose(o, ignore),
    "history": lambda o: history.history(replace(o, skills=DEMO), ignore),
    "rollback": lambda o: rollback.rollback(
        replace(o, skills=DEMO), release=None, revision=None, emit=ignore
    ),
    "delete": lambda o: delete.delete(o, purge=False, emit=ignore),
}
ELSEWHERE = {
    ("", "pods", "create"),
    ("", "pods", "delete"),
    ("", "pods", "get"),
    ("", "pods/log", "get"),
    ("", "pods/exec", "create"),
    ("", "pods/exec", "get"),
    ("", "pods/portforward", "create"),
    ("", "pods/portforward", "get"),
    ("", "persistentvolumeclaims", "patch"),
    ("", "persistentvolumeclaims", "delete"),
    ("", "secrets", "patch"),
}
"""Requests about pods and volumes, and those of `--adopt`: see test_rights_of_pods.py."""


@pytest.fixture(autouse=True)
def _no_tunnels(monkeypatch):
    """Without nodes no pod runs behind a Service."""
    monkeypatch.setattr(tunnels, "opened", lambda _: nullcontext())


@pytest.fixture
def resident(options):
    return replace(options, context="resident")


def apply(kube, documents):
    for item in documents:
        place = f"/apis/{GROUP}/v1/namespaces/{item['metadata']['namespace']}"
        name = item["metadata"]["name"]
        kube.apply(f"{place}/{item['kind'].lower()}s/{name}", item)


@pytest.fixture
def deployer(resident, kube, kubeconfig):
    """The options of a user who has the printed Role."""
    made = rights.grants(resident, SUBJECT, ignore)
    assert [item["kind"] for item in made.administrator] == ["Namespace"]
    apply(kube, made.deployer)
    until_granted(kubeconfig, "resident", resident.namespace)
    return resident


@pytest.mark.parametrize("verb", VERBS)
def test_a_namespace_that_this_user_may_not_see_is_11_for_each_verb(verb, resident):
    absent = replace(resident, namespace="absent")
    for chosen in (resident, absent):
        with pytest.raises(FoundationError, match="or it does not exist") as error:
            VERBS[verb](chosen)
        assert f"in the namespace {chosen.namespace}" in error.value.what
        assert "rights --as-manifest" in str(error.value.remedy)


def test_a_user_whom_the_server_does_not_know_is_4(resident, kubeconfig, tmp_path, monkeypatch):
    unknown = tmp_path / "unknown"
    unknown.write_text(kubeconfig.read_text().replace("contract-resident", "nobody-knows-it"))
    monkeypatch.setenv("KUBECONFIG", str(unknown))
    for verb in VERBS.values():
        with pytest.raises(ClusterUnreachableError, match="does not accept the credentials"):
            verb(resident)


@pytest.mark.parametrize(
    "right",
    [
        ("", "configmaps", "patch"),
        ("", "services", "create"),
        ("", "secrets", "update"),
        ("apps", "statefulsets", "list"),
        ("", "pods/exec", "create"),
    ],
)
def test_a_right_that_lacks_is_named_before_anything_is_changed(resident, kube, kubeconfig, right):
    group, resource, verb = right
    asked = rights.grants(resident, SUBJECT, ignore)
    without = [
        {**rule, "verbs": [v for v in rule["verbs"] if v != verb]}
        if resource in rule["resources"] and group in rule["apiGroups"]
        else rule
        for rule in asked.deployer[0]["rules"]
    ]
    grant(kube, resident.namespace, "resident", without)
    until_granted(kubeconfig, "resident", resident.namespace, "configmaps", "get")
    words = r"1 foundation check failed\. No release was"
    with pytest.raises(FoundationError, match=words) as error:
        deploy.deploy(resident, ignore)
    name = f"{resource}.{group}" if group else resource
    assert f"{verb} {name} in the namespace {resident.namespace}" in str(error.value.why)
    path = f"/api/v1/namespaces/{resident.namespace}"
    assert kube.items(f"{path}/secrets") == []
    assert [i for i in kube.items(f"{path}/configmaps") if "kube-root" not in str(i)] == []


def test_the_user_learns_what_he_lacks(resident, kube, kubeconfig):
    namespace = resident.namespace
    grant(kube, namespace, "resident", rules([Right(verb="list", resource="pods")]))
    until_granted(kubeconfig, "resident", namespace)
    found = rights.lacking(resident, ignore)
    assert Right(verb="list", resource="pods", namespace=namespace) in found.needed
    assert Right(verb="list", resource="pods", namespace=namespace) not in found.missing
    assert Right(verb="create", resource="services", namespace=namespace) in found.missing
    assert Right(verb="list", resource="nodes") in found.more


def asked_by_resident(server, namespace, since):
    """What the resident asked in a namespace, as (group, resource, verb)."""
    found = set()
    for line in server.audit.read_text()[since:].splitlines():
        event = json.loads(line)
        ref = event.get("objectRef") or {}
        if ref.get("namespace") == namespace or ref.get("name") == namespace:
            resource = "/".join(filter(None, (ref["resource"], ref.get("subresource"))))
            found.add((ref.get("apiGroup", ""), resource, event["verb"]))
    return found


def test_the_printed_role_allows_what_is_asked_and_no_more(deployer, kube, server):
    since = len(server.audit.read_text())
    first = deploy.deploy(deployer, ignore)
    (endpoint,) = first.endpoints["endpoints"]
    assert endpoint["host"] == {"host": "127.0.0.1", "port": 30002}
    assert "may not read the nodes" in endpoint["withoutNodePort"]
    assert endpoint["tunnel"] == [f"kubectl -n {deployer.namespace} port-forward svc/demo 30002:80"]
    text = (paths.phase_dir() / "infra-endpoints.txt").read_text()
    assert "no node port: this user may not read the nodes" in text
    assert deploy.deploy(deployer, ignore).changed is False
    greeting = replace(deployer, flags=Flags(set_values=("demo.greeting=moin",)))
    assert deploy.deploy(greeting, ignore).changed
    kube.merge(
        f"/api/v1/namespaces/{deployer.namespace}/configmaps/demo", {"data": {"greeting": "x"}}
    )
    assert deploy.deploy(greeting, ignore).changed
    for verb in ("verify", "status", "endpoints", "diagnose", "history", "diff", "rollback"):
        VERBS[verb](deployer)
    delete.delete(replace(deployer, confirm=lambda _: None), purge=True, emit=ignore)
    asked = asked_by_resident(server, deployer.namespace, since)
    allowed = granted_to(deployer)
    created = {(group, resource, "create") for group, resource, verb in asked if verb == "patch"}
    assert asked - allowed == set()
    assert allowed - asked - created - ELSEWHERE == set()  # an apply that creates needs both


def granted_to(options):
    """What the printed Role allows, as (group, resource, verb)."""
    return {
        (group, resource, verb)
        for rule in rights.grants(options, SUBJECT, ignore).deployer[0]["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_a_kind_that_is_not_served_is_none_for_a_user_without_rights(kubeconfig, kube, namespace):
    connection = Kube(kubeconfig=kubeconfig, context="nobody")
    collection = f"/apis/absent.example/v1/namespaces/{namespace}/things"
    assert not connection.serves(collection)
    assert connection.serves(f"/apis/apps/v1/namespaces/{namespace}/deployments")
    assert connection.serves(f"/api/v1/namespaces/{namespace}/pods")
