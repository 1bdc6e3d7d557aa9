"""The cases: the objects deployed, those in the namespace before, and the expected cause."""

from dataclasses import dataclass, field

from tests.e2e.broken.objects import (
    GROUP,
    definition,
    deployment,
    job,
    obj,
    pod,
    quota,
    stateful_set,
    thing,
)

INPUT, IMAGE, FOUNDATION, REFUSED, UNREADY = 3, 5, 11, 6, 7


@dataclass(frozen=True, kw_only=True)
class Case:
    """`before` is applied by kubectl first; `labels` are set on the namespace.

    `adopted` is a Thing that exists before the deploy, labelled as helm's own. It has the `status`
    that an operator would write (no operator runs here), or is `deleted`. With `visible`, diagnose
    shows the cause after the deploy, with the code `afterwards`; a refused object leaves nothing.
    What cannot work in this cluster is refused `early`, before anything is installed: then kubectl
    makes the objects, and diagnose alone names the cause.
    """

    name: str
    code: str
    exit: int
    objects: list
    before: list = field(default_factory=list)
    labels: dict = field(default_factory=dict)
    adopted: dict | None = None
    status: dict | None = None
    deleted: bool = False
    visible: bool = True
    early: bool = False
    afterwards: str = ""


def case(name, code, exit_code, *objects, **more):
    return Case(name=name, code=code, exit=exit_code, objects=list(objects), **more)


def env_from(kind, name, key):
    ref = {f"{kind}KeyRef": {"name": name, "key": key}}
    return {"env": [{"name": "X", "valueFrom": ref}]}


def probe(kind, **what):
    return {f"{kind}Probe": {"periodSeconds": 1, "failureThreshold": 2, **what}}


def shell(script, **more):
    return {"command": ["sh", "-c", script], **more}


def needs(**resources):
    return {"resources": {"requests": resources}}


def affinity(name):
    """A pod runs only beside one of that name, which the check of the nodes does not read."""
    labels = {"matchLabels": {"app": name}}
    term = {"labelSelector": labels, "topologyKey": "kubernetes.io/hostname"}
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def webhook():
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["pods"],
    }
    service = {"name": "none", "namespace": "default"}
    hook = {
        "name": "none.example.org",
        "clientConfig": {"service": service},
        "rules": [rule],
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "timeoutSeconds": 1,
        "namespaceSelector": {"matchLabels": {"broken": "webhook"}},
    }
    kind = "ValidatingWebhookConfiguration"
    return obj("admissionregistration.k8s.io/v1", kind, "broken-webhook", webhooks=[hook])


def policy():
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["deployments"],
    }
    spec = {
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": "object.spec.replicas > 1", "message": "two at least"}],
    }
    space = {"namespaceSelector": {"matchLabels": {"broken": "policy"}}}
    binding = {
        "policyName": "broken-policy",
        "validationActions": ["Deny"],
        "matchResources": space,
    }
    group, kind = "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"
    return [
        obj(group, kind, "broken-policy", spec=spec),
        obj(group, f"{kind}Binding", "broken-policy", spec=binding),
    ]


HOOK = {"helm.sh/hook": "pre-install,pre-upgrade"}
HTTP = {"httpGet": {"path": "/", "port": 80}}
MOUNT = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
LATE = probe("readiness", exec={"command": ["ls"]}, initialDelaySeconds=600)
"""Without a probe, a container is ready in the moment between its start and its end."""
TOO_LARGE = "(x=a; while :; do x=$x$x; done); sleep 1; exit 1"
"""The child is killed: containerd may learn too late that the first process was out of memory."""
FILE = {"hostPath": {"path": "/etc", "type": "File"}}
NO_CLASS = obj("storage.k8s.io/v1", "StorageClass", "broken-nobody", provisioner="example.org/none")

IMAGES = [
    case(
        "image-unreachable",
        "ImageRegistryUnreachable",
        IMAGE,
        deployment(main={"image": "learnflow.local/none:1"}),
        early=True,
    ),
    case(
        "image-never-pulled",
        "ImageNeverPulled",
        IMAGE,
        deployment(main={"image": "learnflow.local/none:1", "imagePullPolicy": "Never"}),
        early=True,
    ),
]
CONTAINERS = [
    case(
        "evicted",
        "PodEvicted",
        UNREADY,
        pod(
            main=MOUNT | shell("cat /bin/busybox >/v/large; sleep 600") | LATE,
            volumes=[{"name": "v", "emptyDir": {"sizeLimit": "64Ki"}}],
        ),
    ),
    case("crash", "ContainerCrashed", UNREADY, deployment(main=shell("echo no; exit 3") | LATE)),
    case("no-command", "ContainerCannotStart", UNREADY, deployment(main={"command": ["/none"]})),
    case(
        "out-of-memory",
        "ContainerOutOfMemory",
        UNREADY,
        deployment(
            main=shell(TOO_LARGE, resources={"limits": {"memory": "16Mi"}}) | LATE,
        ),
    ),
    case(
        "missing-configmap",
        "MissingConfigMap",
        UNREADY,
        deployment(main=env_from("configMap", "none", "k")),
    ),
    case(
        "missing-secret", "MissingSecret", UNREADY, deployment(main=env_from("secret", "none", "k"))
    ),
    case(
        "missing-key",
        "MissingSecret",
        UNREADY,
        deployment(main=env_from("secret", "s", "none")),
        before=[obj("v1", "Secret", "s", stringData={"k": "v"})],
    ),
    case(
        "missing-secret-volume",
        "MissingSecret",
        UNREADY,
        deployment(main=MOUNT, volumes=[{"name": "v", "secret": {"secretName": "none"}}]),
    ),
    case(
        "readiness-http",
        "ProbeFailing",
        UNREADY,
        deployment(main=probe("readiness", **HTTP)),
    ),
    case(
        "readiness-exec",
        "ProbeFailing",
        UNREADY,
        deployment(main=probe("readiness", exec={"command": ["sh", "-c", "echo not yet; exit 1"]})),
    ),
    case(
        "startup-tcp",
        "ProbeFailing",
        UNREADY,
        deployment(main=probe("startup", tcpSocket={"port": 80})),
    ),
    case("init-crash", "ContainerCrashed", UNREADY, deployment(init=shell("exit 1"))),
    case("init-stuck", "InitContainerStuck", UNREADY, deployment(init={})),
    case("job-failed", "JobFailed", UNREADY, job(script="echo lost; exit 1")),
    case(
        "hook-failed",
        "HookFailed",
        REFUSED,
        job(script="echo lost; exit 1", annotations=HOOK),
        afterwards="JobFailed",
    ),
    case(
        "hook-missing-secret",
        "MissingSecret",
        UNREADY,
        pod(annotations=HOOK, main=env_from("secret", "none", "k")),
    ),
    case(
        "volume-mount",
        "VolumeMountFailed",
        UNREADY,
        deployment(main=MOUNT, volumes=[{"name": "v", **FILE}]),
    ),
]
PLACES = [
    case(
        "cpu",
        "PodUnschedulableCpu",
        FOUNDATION,
        deployment(main=needs(cpu="900", memory="1Mi")),
        early=True,
    ),
    case(
        "memory",
        "PodUnschedulableMemory",
        FOUNDATION,
        deployment(main=needs(cpu="1m", memory="900Gi")),
        early=True,
    ),
    case(
        "node-selector",
        "PodUnschedulableNodeSelector",
        FOUNDATION,
        deployment(nodeSelector={"disk": "none"}),
        early=True,
    ),
    case(
        "affinity",
        "PodUnschedulableAffinity",
        FOUNDATION,
        deployment(affinity=affinity("none")),
    ),
    case(
        "storage-class",
        "ClaimNoStorageClass",
        FOUNDATION,
        stateful_set(storage_class="none"),
        early=True,
    ),
    case(
        "no-provisioner",
        "ClaimNoProvisioner",
        FOUNDATION,
        stateful_set(storage_class="broken-nobody"),
        before=[NO_CLASS],
    ),
]
REFUSALS = [
    case(
        "quota",
        "QuotaExceeded",
        FOUNDATION,
        stateful_set(),
        before=[quota(pods="0")],
        early=True,
    ),
    case(
        "quota-of-claims",
        "QuotaExceeded",
        REFUSED,
        stateful_set(),
        before=[quota(persistentvolumeclaims="0")],
    ),
    case(
        "limit-range",
        "QuotaExceeded",
        REFUSED,
        deployment(main={"resources": {"limits": {"memory": "64Mi"}}}),
        before=[
            obj(
                "v1",
                "LimitRange",
                "l",
                spec={"limits": [{"type": "Container", "max": {"memory": "32Mi"}}]},
            )
        ],
        visible=False,
    ),
    case(
        "pod-security",
        "PodSecurityViolation",
        REFUSED,
        deployment(main={"securityContext": {"privileged": True}}),
        labels={"pod-security.kubernetes.io/enforce": "restricted"},
        visible=False,
    ),
    case(
        "service-account",
        "MissingServiceAccount",
        REFUSED,
        deployment(serviceAccountName="none"),
        visible=False,
    ),
    case(
        "webhook",
        "AdmissionWebhookUnreachable",
        REFUSED,
        deployment(),
        before=[webhook()],
        labels={"broken": "webhook"},
    ),
    case(
        "policy",
        "AdmissionDenied",
        REFUSED,
        deployment(),
        before=policy(),
        labels={"broken": "policy"},
        visible=False,
    ),
    case(
        "invalid",
        "ResourceRejected",
        INPUT,
        obj("v1", "Service", "s", spec={"ports": [{"port": 0}]}),
        visible=False,
        early=True,
    ),
]
OPERATORS = [
    case("operator-scaled-to-0", "OperatorNotRunning", REFUSED, thing(), before=[definition()]),
    case(
        "operator-refuses",
        "OperatorRefused",
        REFUSED,
        thing(),
        before=[definition()],
        adopted=thing(),
        status={"refused": "no such size"},
    ),
    case(
        "finalizer",
        "FinalizerStuck",
        UNREADY,
        thing(),
        before=[definition()],
        adopted=thing(finalizers=[f"{GROUP}/hold"]),
        deleted=True,
    ),
    case(
        "custom-resource",
        "ResourceRejected",
        INPUT,
        thing(spec={"size": "large"}),
        before=[definition()],
        visible=False,
        early=True,
    ),
    case(
        "kind-unknown",
        "ResourceKindUnknown",
        INPUT,
        obj("none.example.org/v1", "Nothing", "nothing"),
        visible=False,
        early=True,
    ),
]
CASES = [*IMAGES, *CONTAINERS, *PLACES, *REFUSALS, *OPERATORS]
