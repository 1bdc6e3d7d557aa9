import copy
import json

from learnflow_infra.engine.release.handover import added, given_to_helm

CONTAINER, VARIABLE = 'k:{"name":"web"}', 'k:{"name":"A"}'
DESIRED = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "strategy": {"type": "Recreate"},
        "template": {
            "metadata": {},
            "spec": {"containers": [{"name": "web", "env": [{"name": "A", "valueFrom": {}}]}]},
        },
    },
}


def tree(variable, **spec):
    env = {"f:env": {VARIABLE: variable}}
    pod = {"f:spec": {"f:containers": {CONTAINER: env}}}
    return {"f:spec": {"f:template": pod, **spec}}


def entry(manager, fields, operation="Update", **more):
    return {"manager": manager, "operation": operation, "fieldsV1": fields, **more}


def live(*entries):
    return {**DESIRED, "metadata": {"name": "web", "managedFields": list(entries)}}


SET = entry("kubectl-set", tree({"f:value": {}}))
FIELD = '.spec.template.spec.containers[name="web"].env[name="A"].value'


def test_what_was_added_by_hand_to_what_the_manifest_has_is_named():
    restarted = {"f:template": {"f:metadata": {"f:annotations": {"f:at": {}}}}}
    rolling = {"f:strategy": {"f:type": {}, "f:rollingUpdate": {"f:maxSurge": {}}}}
    other = {
        "f:template": {"f:spec": {"f:containers": {CONTAINER: {"f:env": {'k:{"name":"C"}': {}}}}}}
    }
    found = added(
        DESIRED,
        live(
            entry("helm", tree({".": {}, "f:valueFrom": {}}), "Apply"),
            SET,
            entry("kubectl-rollout", {"f:spec": restarted}),
            entry("kubectl-edit", {"f:spec": rolling, "f:metadata": {"f:labels": {"f:x": {}}}}),
            entry("kubectl-patch", {"f:spec": other}),
            entry("ops", {"f:spec": {"f:paused": {}}}, "Apply"),
            entry("kube-controller-manager", {"f:spec": {"f:paused": {}}}),
            entry("kubelet", {"f:status": {"f:replicas": {}}}, subresource="status"),
        ),
    )
    assert [(item.field, item.manager) for item in found] == [
        (FIELD, "kubectl-set"),
        (".spec.strategy.rollingUpdate.maxSurge", "kubectl-edit"),
    ]
    assert not any(item.standing for item in found)


def test_helm_becomes_their_only_manager():
    helm = entry("helm", tree({"f:name": {}}), "Apply", time="t")
    extra = entry("kubectl-set", tree({"f:value": {}}, **{"f:paused": {}, "f:replicas": {}}))
    desired = copy.deepcopy(DESIRED)
    desired["spec"] |= {"paused": False, "replicas": 1}
    before = live(extra, helm)
    text = json.dumps(before)
    own, rest = given_to_helm(desired, before)
    assert own.items() >= entry("helm", tree({"f:name": {}, "f:value": {}}), "Apply").items()
    assert own["time"] == "t"
    assert rest == entry("kubectl-set", {"f:spec": {"f:paused": {}, "f:replicas": {}}})
    assert json.dumps(before) == text


def test_helm_gets_an_entry_where_it_has_none():
    (own,) = given_to_helm(DESIRED, live(SET))
    assert (own["manager"], own["operation"], own["apiVersion"]) == ("helm", "Apply", "apps/v1")
    assert own["fieldsV1"] == SET["fieldsV1"]
