"""What the user of a connection may do, as the API server says.

Source: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
An administrator is asked about once. For others the rules of a namespace are read once; what they
do not decide, such as rights in the whole cluster, is asked one by one.
"""

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from learnflow_infra.clients.api_errors import ApiError, MissingRightError
from learnflow_infra.clients.kube import Kube
from learnflow_infra.objects import Fields
from learnflow_infra.rights import ANY, EVERYTHING, Right, Rule, granted

_REVIEWS = "/apis/authorization.k8s.io/v1"
_AT_ONCE = 4
_BINDING = (
    "An administrator restores what every cluster has: kubectl create clusterrolebinding"
    " system:basic-user --clusterrole=system:basic-user --group=system:authenticated"
)
"""Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#discovery-roles"""


class Access:
    """The rights of one user; each answer is kept."""

    def __init__(self, kube: Kube) -> None:
        """Nothing is sent yet."""
        self.kube = kube
        self._lock = threading.Lock()
        self._everything: bool | None = None
        self._rules: dict[str, tuple[list[Rule], bool]] = {}
        self._answers: dict[Right, bool] = {}

    def everything(self) -> bool:
        """Whether the user may do everything, as an administrator of the cluster.

        Raises:
            MissingRightError: the user may not ask the server about rights.
        """
        with self._lock:
            if self._everything is None:
                self._everything = self._review(EVERYTHING)
            return self._everything

    def may(self, right: Right) -> bool:
        """Whether the user has a right."""
        return not self.lacking([right])

    def lacking(self, needed: Iterable[Right]) -> list[Right]:
        """The rights that the user does not have, sorted.

        Raises:
            ClusterUnreachableError: the API server does not answer.
            MissingRightError: the user may not ask the server about rights.
        """
        if self.everything():
            return []
        unknown = [right for right in sorted(set(needed)) if not self._by_rules(right)]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            answers = pool.map(self._answer, unknown)
            return [right for right, may in zip(unknown, answers, strict=True) if not may]

    def _by_rules(self, right: Right) -> bool:
        """Whether the rules of its namespace allow a right."""
        return bool(right.namespace) and granted(self._rules_of(right.namespace)[0], right)

    def _answer(self, right: Right) -> bool:
        if right.namespace and self._rules_of(right.namespace)[1]:
            return False  # the rules are complete, and do not allow it
        if right not in self._answers:
            self._answers[right] = self._review(right)
        return self._answers[right]

    def _rules_of(self, namespace: str) -> tuple[list[Rule], bool]:
        """The rules of a namespace, and whether there are no others."""
        with self._lock:
            if namespace not in self._rules:
                self._rules[namespace] = self._read_rules(namespace)
            return self._rules[namespace]

    def _read_rules(self, namespace: str) -> tuple[list[Rule], bool]:
        try:
            status = self._ask("SelfSubjectRulesReview", {"namespace": namespace})
        except ApiError:  # a server may not offer it
            return [], False
        return status.get("resourceRules") or [], not status.get("incomplete", True)

    def _review(self, right: Right) -> bool:
        resource, _, subresource = right.resource.partition("/")
        attributes = {
            "namespace": right.namespace,
            "verb": right.verb,
            "group": right.group,
            "resource": resource,
            "subresource": subresource,
            "name": right.name,
        }
        if right is EVERYTHING:
            attributes["version"] = ANY
        spec = {"resourceAttributes": {key: text for key, text in attributes.items() if text}}
        try:
            return bool(self._ask("SelfSubjectAccessReview", spec).get("allowed"))
        except MissingRightError as error:
            what = "You may not ask the API server what you may do."
            raise MissingRightError(
                error.status, error.message, what=what, why=error.message, remedy=_BINDING
            ) from error

    def _ask(self, kind: str, spec: Fields) -> Mapping[str, Any]:
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
        path = f"{_REVIEWS}/{kind.lower()}s"
        answer = self.kube.request("POST", path, body=body, repeatable=True)
        return answer.get("status") or {}
