"""Rights of the users of the contract tests' API server."""

import time

from learnflow_infra.clients.access import Access
from learnflow_infra.clients.kube import Kube
from learnflow_infra.rights import Right

GROUP = "rbac.authorization.k8s.io"


def grant(kube, namespace, user, rules):
    """Let a user do in a namespace what rules say, and nothing else."""
    role = {"apiGroup": GROUP, "kind": "Role", "name": user}
    subjects = [{"apiGroup": GROUP, "kind": "User", "name": user}]
    binding = {"roleRef": role, "subjects": subjects}
    for kind, rest in (("Role", {"rules": rules}), ("RoleBinding", binding)):
        body = {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": {"name": user}, **rest}
        path = f"/apis/{GROUP}/v1/namespaces/{namespace}/{kind.lower()}s"
        kube.apply(f"{path}/{user}", body)


def until_granted(kubeconfig, user, namespace, resource="pods", verb="list"):
    """Wait until the authorizer, which watches Roles, knows a new one."""
    right = Right(verb=verb, resource=resource, namespace=namespace)
    for _ in range(100):
        if Access(Kube(kubeconfig=kubeconfig, context=user)).may(right):
            return
        time.sleep(0.05)
    raise TimeoutError(right)
