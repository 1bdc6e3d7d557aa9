"""Run the verify.py of skills concurrently."""

import json
import sys
from collections.abc import Sequence
from typing import Literal

from learnflow_infra.engine.proof import tunnels
from learnflow_infra.engine.proof.results import checks, passed, summary
from learnflow_infra.engine.request.session import Session
from learnflow_infra.events import Message, step
from learnflow_infra.models import Skill
from learnflow_infra.outputs.contracts import CheckDocument, EndpointsDocument, VerifyResult
from learnflow_infra.outputs.endpoints import API_VERSION, on_host
from learnflow_infra.system import tasks

Origin = Literal["inside", "host", "both"]
SECONDS = 120.0
"""Seconds in which one skill's verification has to end."""
GRACE = 15.0
"""Seconds in which a verify.py may remove what it created; its own limit is 10."""


async def verify_all(
    session: Session, skills: Sequence[Skill], endpoints: EndpointsDocument, origin: Origin = "both"
) -> list[VerifyResult]:
    """Verify skills concurrently.

    Returns:
        Each skill's result document, also of those with failed checks.
    """
    work = (verify(session, skill, endpoints, origin) for skill in skills)
    with tunnels.opened(on_host(endpoints, session.target)):
        return await tasks.together(*work)


async def verify(
    session: Session, skill: Skill, endpoints: EndpointsDocument, origin: Origin
) -> VerifyResult:
    """Run one verify.py; a program that ends without a document counts as a failed check."""
    with step(session.emit, f"verify/{skill.name}", f"Verify {skill.name}") as running:
        result = await _run(session, skill, endpoints, origin)
        for check in checks(result):
            mark = "ok  " if check.passed else "FAIL"
            line = f"{mark} {check.origin:7} {check.name}: {check.message} ({check.seconds:.2f}s)"
            session.emit(Message(text=f"     {line}"))
        if passed(result):
            running.done(summary(result), changed=None)
        else:
            running.failed(summary(result))
    return result


async def _run(
    session: Session, skill: Skill, endpoints: EndpointsDocument, origin: Origin
) -> VerifyResult:
    target = session.target
    config = ["--kubeconfig", str(target.kubeconfig)] if target.kubeconfig else []
    result = await tasks.run(
        [
            *(sys.executable, str(skill.verify_script), *config),
            *("--context", target.context, "--namespace", session.namespace),
            *("--from", origin, "--endpoints", "-"),
        ],
        stdin=json.dumps(endpoints).encode(),
        env={**target.environment, "KUBECTL": target.kubectl},
        seconds=SECONDS,
        grace=GRACE,
        own_session=True,
    )
    try:
        document: VerifyResult = json.loads(result.out)
    except ValueError:
        document = {
            "apiVersion": API_VERSION,
            "kind": "VerifyResult",
            "skill": skill.name,
            "namespace": session.namespace,
            "passed": False,
            "checks": [] if result.late else [_failed_check(result.stderr[-500:])],
        }
    if result.late:
        document["passed"] = False
        document["checks"].append(_failed_check(f"no end within {SECONDS:.0f} s"))
    return document


def _failed_check(message: str) -> CheckDocument:
    return {"name": "verify.py", "from": "", "passed": False, "message": message, "seconds": 0.0}
