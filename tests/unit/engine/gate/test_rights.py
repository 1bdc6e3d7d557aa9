"""The check of rights: what is said to a user who lacks some."""

import pytest

from learnflow_infra.engine.gate.asked import Needed
from learnflow_infra.engine.gate.rights import rights
from learnflow_infra.rights import Right

RBAC = "rbac.authorization.k8s.io"
PODS = Right(verb="list", resource="pods", namespace="n")
ROLE = Right(verb="create", group=RBAC, resource="clusterroles")
CRD = Right(verb="create", group="apiextensions.k8s.io", resource="customresourcedefinitions")
APART, NO_ROLE = "--set operator.wide=false", "No Role grants"


class Nobody:
    def everything(self):
        return False

    def lacking(self, rights):
        return list(rights)


@pytest.mark.parametrize(
    ("lacks", "apart", "then"),
    [
        ([PODS], [APART], ""),
        ([PODS, ROLE], [APART], APART),
        ([ROLE], [], NO_ROLE),
        ([CRD], [], ""),
        ([CRD, ROLE], [APART], APART),
    ],
)
def test_a_remedy_does_not_lead_back_to_itself(lacks, apart, then):
    needed = Needed(rights=dict.fromkeys(lacks, "deploy"), apart=apart)
    check = rights(Nobody(), lambda: needed, ["deploy"])
    assert not check.passed
    assert "rights --as-manifest" in str(check.remedy)
    assert [text for text in (APART, NO_ROLE) if text in str(check.remedy)] == (
        [then] if then else []
    )
