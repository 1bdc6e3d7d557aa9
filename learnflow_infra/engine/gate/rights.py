"""Check that the user may do what a deploy and its verification do."""

from collections.abc import Callable, Sequence

from learnflow_infra.checks import Check
from learnflow_infra.clients.access import Access
from learnflow_infra.clients.api_errors import ASK
from learnflow_infra.engine.gate.asked import CRDS, Needed, Use
from learnflow_infra.remedy import join_lines
from learnflow_infra.rights import Right, listed


def of_deploy(*, verify: bool) -> Sequence[Use]:
    """What a deploy or rollback needs rights for."""
    return ("change", "deploy", "verify") if verify else ("change", "deploy")


def of_delete(*, purge: bool) -> Sequence[Use]:
    """What a delete needs rights for."""
    return ("change", "delete", "purge") if purge else ("change", "delete")


def rights(access: Access, needed: Callable[[], Needed], uses: Sequence[Use]) -> Check:
    """Check the rights of these uses; what is needed is found only for users who lack some."""
    if access.everything():
        return Check(name="rights", passed=True, message="this user is an administrator")
    found = needed()
    asked = found.of(*uses)
    missing = access.lacking(asked)
    if not missing:
        return Check(name="rights", passed=True, message=f"{len(asked)} of {len(asked)} granted")
    lines = "\n    ".join(listed(missing))
    return Check(
        name="rights",
        passed=False,
        message=f"{len(missing)} of {len(asked)} are missing:\n    {lines}",
        remedy=join_lines(ASK, _apart(found, missing)),
    )


def _apart(needed: Needed, missing: Sequence[Right]) -> str:
    """What to do about objects of no namespace, whose rights are in no Role."""
    if not any(not right.namespace and (right.group, right.resource) != CRDS for right in missing):
        return ""
    if needed.apart:
        return f"Then leave its part to the administrator: {' '.join(needed.apart)}"
    return (
        "No Role grants what is of the whole cluster: let an administrator deploy, "
        "or choose values without these objects."
    )
