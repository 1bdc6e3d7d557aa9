"""What a user may do, asked of an API server that counts the questions."""

import pytest

from learnflow_infra.clients.access import Access
from learnflow_infra.clients.api_errors import ApiError, MissingRightError, missing_right
from learnflow_infra.rights import Right

PODS = Right(verb="list", resource="pods", namespace="n")
SECRETS = Right(verb="list", resource="secrets", namespace="n")
NODES = Right(verb="list", resource="nodes")
RULES = [{"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}]


class Server:
    """Answers reviews: `allowed` are the resources for which access is given."""

    def __init__(self, allowed=(), rules=(), *, incomplete=False):
        self.allowed, self.rules, self.incomplete = allowed, rules, incomplete
        self.asked = []

    def request(self, method, _path, *, body, repeatable):
        assert (method, repeatable) == ("POST", True)
        if body["kind"] == "SelfSubjectRulesReview":
            self.asked.append("rules")
            if self.rules is None:
                raise ApiError(404, "not found")
            return {"status": {"resourceRules": self.rules, "incomplete": self.incomplete}}
        resource = body["spec"]["resourceAttributes"]["resource"]
        self.asked.append(resource)
        return {"status": {"allowed": resource in self.allowed}}


def test_an_administrator_is_asked_about_once():
    server = Server(allowed=("*",))
    access = Access(server)
    assert access.lacking([PODS, SECRETS, NODES]) == []
    assert access.may(NODES)
    assert server.asked == ["*"]


def test_complete_rules_of_a_namespace_answer_for_it():
    server = Server(rules=RULES)
    assert Access(server).lacking([PODS, SECRETS]) == [SECRETS]
    assert server.asked == ["*", "rules"]


def test_rules_of_a_namespace_do_not_hold_in_the_cluster():
    server = Server(rules=[{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}])
    assert Access(server).lacking([PODS, NODES]) == [NODES]
    assert server.asked == ["*", "rules", "nodes"]


@pytest.mark.parametrize("rules", [RULES, None], ids=["incomplete", "not offered"])
def test_what_rules_leave_open_is_asked_once(rules):
    server = Server(allowed=("secrets", "pods"), rules=rules, incomplete=True)
    access = Access(server)
    assert access.lacking([PODS, SECRETS]) == []
    assert access.lacking([PODS, SECRETS]) == []
    assert server.asked.count("secrets") == 1
    assert server.asked.count("rules") == 1
    assert server.asked.count("pods") == (rules is None)


def test_who_may_not_ask_gets_another_remedy_than_the_rights_of_a_deploy():
    def refuse(*_args, **_options):
        raise missing_right(
            'selfsubjectaccessreviews.authorization.k8s.io is forbidden: User "u" cannot create'
            ' resource "selfsubjectaccessreviews" in API group "authorization.k8s.io"'
            " at the cluster scope"
        )

    server = Server()
    server.request = refuse
    with pytest.raises(MissingRightError, match="what you may do") as error:
        Access(server).lacking([PODS])
    assert 'User "u" cannot' in str(error.value.why)
    assert "--clusterrole=system:basic-user" in str(error.value.remedy)
