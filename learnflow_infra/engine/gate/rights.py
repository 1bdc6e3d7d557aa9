"""Check that the user may do in the namespace what a deploy and its verification do."""

from concurrent.futures import ThreadPoolExecutor

from learnflow_infra.checks import Check
from learnflow_infra.clients.kube import Kube

RIGHTS = (
    ("create", "apps", "statefulsets", ""),
    ("patch", "apps", "statefulsets", ""),
    ("create", "", "services", ""),
    ("create", "", "secrets", ""),
    ("get", "", "secrets", ""),
    ("create", "", "configmaps", ""),
    ("watch", "apps", "statefulsets", ""),
    ("list", "", "pods", ""),
    ("watch", "", "pods", ""),
    ("create", "", "pods", "exec"),
    ("list", "", "persistentvolumeclaims", ""),
    ("watch", "", "persistentvolumeclaims", ""),
    ("list", "", "events", ""),
    ("watch", "", "events", ""),
)
"""Verb, API group, resource and subresource that a deploy and its verification use."""


def rights(kube: Kube, namespace: str) -> Check:
    """Check each of RIGHTS with a SelfSubjectAccessReview (authorization.k8s.io/v1)."""
    with ThreadPoolExecutor(4) as pool:
        granted = list(pool.map(lambda right: _may(kube, namespace, right), RIGHTS))
    denied = [
        f"{verb} {resource}{'/' + sub if sub else ''}"
        for (verb, _, resource, sub), is_granted in zip(RIGHTS, granted, strict=True)
        if not is_granted
    ]
    if not denied:
        return Check(name="rights", passed=True, message=f"{len(RIGHTS)} of {len(RIGHTS)} granted")
    return Check(
        name="rights",
        passed=False,
        message="not allowed: " + ", ".join(denied),
        remedy=f"Ask for the role admin in the namespace {namespace}.",
    )


def _may(kube: Kube, namespace: str, right: tuple[str, str, str, str]) -> bool:
    verb, group, resource, subresource = right
    attributes = {
        "namespace": namespace,
        "verb": verb,
        "group": group,
        "resource": resource,
        "subresource": subresource,
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    return bool(kube.request("POST", path, body=body, repeatable=True)["status"]["allowed"])
