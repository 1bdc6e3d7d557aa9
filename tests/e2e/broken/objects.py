"""Small Kubernetes objects, each broken by what a case puts into it."""

LABELS = {"app.kubernetes.io/instance": "broken"}
GROUP = "broken.example.org"
IDLE = ["sh", "-c", "trap exit TERM; while :; do sleep 1; done"]


def obj(version, kind, name, **more):
    annotations = more.pop("annotations", {})
    metadata = {"name": name, "labels": LABELS, "annotations": annotations}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def container(**more):
    small = {"cpu": "1m", "memory": "8Mi"}
    return {
        "name": "main",
        "image": "IMAGE",
        "command": IDLE,
        "resources": {"requests": small},
        **more,
    }


def pod_spec(*, main=None, init=None, **more):
    spec = {"terminationGracePeriodSeconds": 1, "containers": [container(**(main or {}))], **more}
    if init is not None:
        spec["initContainers"] = [container(**{"name": "first", **init})]
    return spec


def template(**more):
    return {"metadata": {"labels": {"app": "broken", **LABELS}}, "spec": pod_spec(**more)}


def pod(name="pod", annotations=None, **more):
    return obj("v1", "Pod", name, annotations=annotations or {}, spec=pod_spec(**more))


def deployment(name="app", replicas=1, **more):
    selector = {"matchLabels": {"app": "broken"}}
    spec = {"replicas": replicas, "selector": selector, "template": template(**more)}
    return obj("apps/v1", "Deployment", name, spec=spec)


def stateful_set(name="db", *, storage_class=None, **more):
    claim = {
        "metadata": {"name": "data", "labels": LABELS},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Mi"}},
            **({"storageClassName": storage_class} if storage_class else {}),
        },
    }
    mount = {"main": {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}}
    spec = {
        "serviceName": name,
        "selector": {"matchLabels": {"app": "broken"}},
        "template": template(**{**mount, **more}),
        "volumeClaimTemplates": [claim],
    }
    return obj("apps/v1", "StatefulSet", name, spec=spec)


def job(name="work", *, script, **more):
    annotations = more.pop("annotations", {})
    spec = {"restartPolicy": "Never", **pod_spec(main={"command": ["sh", "-c", script]})}
    return obj(
        "batch/v1",
        "Job",
        name,
        annotations=annotations,
        spec={"backoffLimit": 0, "template": {"metadata": {"labels": LABELS}, "spec": spec}},
        **more,
    )


def quota(**hard):
    return obj("v1", "ResourceQuota", "q", spec={"hard": hard})


def definition():
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "required": ["size"],
                "properties": {"size": {"type": "integer"}},
            },
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    names = {"kind": "Thing", "plural": "things", "singular": "thing", "listKind": "ThingList"}
    spec = {"group": GROUP, "names": names, "scope": "Namespaced", "versions": [version]}
    return obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"things.{GROUP}", spec=spec)


def thing(*, finalizers=(), **more):
    made = obj(f"{GROUP}/v1", "Thing", "t", **{"spec": {"size": 1}, **more})
    if finalizers:
        made["metadata"]["finalizers"] = list(finalizers)
    return made


def adopted(made, namespace):
    """The object as helm's own."""
    notes = {"meta.helm.sh/release-name": "broken", "meta.helm.sh/release-namespace": namespace}
    labels = {**LABELS, "app.kubernetes.io/managed-by": "Helm"}
    return {**made, "metadata": {**made["metadata"], "labels": labels, "annotations": notes}}
