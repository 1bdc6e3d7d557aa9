"""The pods that are tried before a controller creates them."""

import pytest

from learnflow_infra.clients.api_errors import refusal
from learnflow_infra.engine.release import admission

PRIORITY = 'pods "a-" is forbidden: no PriorityClass with name absent was found'
RUNTIME = 'pods "a-" is forbidden: pod rejected: RuntimeClass "absent" not found'
SECURITY = 'pods "a-" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'
ACCOUNT = (
    'pods "a-" is forbidden: error looking up service account apps/absent: '
    'serviceaccount "absent" not found'
)
QUOTA = 'pods "a-" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1'
LIMITS = 'pods "a-" is forbidden: maximum cpu usage per Container is 1, but limit is 2'
DEMAND = 'pods "a-" is forbidden: failed quota: small: must specify limits.cpu for: main'
RIGHTS = 'pods is forbidden: User "jane" cannot create resource "pods" in API group ""'
POLICY = "admission webhook \"policy.example.org\" denied the request: no label 'team'"
INVALID = 'Pod "a-" is invalid: spec.containers[0].image: Required value'


def workload(kind="StatefulSet", *, replicas=1, claims=(), **spec):
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [], **spec}}
    claims = [{"metadata": {"name": name}} for name in claims]
    own = {"replicas": replicas, "template": template, "volumeClaimTemplates": claims}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "a"}, "spec": own}


class Server:
    """Answers the creation of pods, by namespace; 404 for others."""

    def __init__(self, **answers):
        self.answers, self.bodies = answers, []

    def request(self, _, path, *, body, **__):
        namespace = path.split("/")[4]
        self.bodies.append(body)
        if namespace not in self.answers:
            raise refusal(404, f'namespaces "{namespace}" not found')
        if self.answers[namespace]:
            raise refusal(*self.answers[namespace])


@pytest.mark.parametrize(
    ("status", "message", "spec", "refused"),
    [
        (403, PRIORITY, {}, True),
        (403, RUNTIME, {}, True),
        (403, SECURITY, {}, True),
        (403, ACCOUNT, {"serviceAccountName": "absent"}, True),
        (403, ACCOUNT.replace("absent", "default"), {}, False),
        (403, QUOTA, {}, False),
        (403, LIMITS, {}, True),
        (403, DEMAND, {}, True),
        (403, RIGHTS, {}, False),
        (403, POLICY, {}, True),
        (400, POLICY, {}, True),
        (422, INVALID, {}, False),
        (500, "Internal error occurred: failed calling webhook", {}, False),
    ],
)
def test_what_counts_as_a_refusal(status, message, spec, refused):
    server = Server(apps=(status, message))
    found = admission.fault(server, "apps", workload(**spec), ())
    assert found == (message if refused else "")


@pytest.mark.parametrize("brought", ["LimitRange/small", "ResourceQuota/small"])
def test_limits_that_the_run_changes_refuse_nothing(brought):
    assert admission.fault(Server(apps=(403, DEMAND)), "apps", workload(), {brought}) == ""


@pytest.mark.parametrize(
    ("message", "refused"), [(PRIORITY, True), (SECURITY, False), (POLICY, False), (None, False)]
)
def test_a_namespace_that_does_not_exist_yet(message, refused):
    server = Server(default=message and (403, message))
    assert bool(admission.fault(server, "new", workload(), ())) is refused


@pytest.mark.parametrize(
    ("obj", "tried"),
    [
        (workload(), 1),
        (workload("DaemonSet", replicas=None), 1),
        (workload(replicas=0), 0),
        (workload("CronJob"), 0),
        ({"kind": "Pod", "metadata": {"name": "a"}, "spec": {}}, 0),
        ({"kind": "ConfigMap", "metadata": {"name": "a"}}, 0),
    ],
)
def test_which_pods_are_tried(obj, tried):
    assert len(list(admission.pods(obj, ()))) == tried


def test_what_the_run_creates_is_left_out():
    new = {"ServiceAccount/own", "PriorityClass/high", "RuntimeClass/other"}
    fields = {
        "serviceAccountName": "own",
        "priorityClassName": "high",
        "runtimeClassName": "gvisor",
    }
    (pod,) = admission.pods(workload(**fields), new)
    assert pod["spec"] == {"containers": [], "volumes": [], "runtimeClassName": "gvisor"}
    assert pod["metadata"] == {"labels": {"app": "a"}, "generateName": "a-"}


def test_the_volumes_of_claims_are_added():
    (pod,) = admission.pods(workload(claims=["data"], volumes=[{"name": "tmp"}]), ())
    assert [volume["name"] for volume in pod["spec"]["volumes"]] == ["tmp", "data"]
