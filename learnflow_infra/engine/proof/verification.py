"""Run the skills' own verify.py, all at the same time."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from learnflow_infra.engine.proof import tunnels
from learnflow_infra.engine.proof.results import checks, summary
from learnflow_infra.engine.request.session import Session
from learnflow_infra.events import Message, step
from learnflow_infra.models import Document, Skill

Origin = Literal["inside", "host", "both"]
SECONDS = 120.0
"""The longest that one skill's verification may take."""
GRACE = 15.0
"""Seconds that a verify.py gets to remove what it made; its own limit is 10."""


async def verify_all(
    session: Session, skills: Sequence[Skill], endpoints: Document, origin: Origin = "both"
) -> list[Document]:
    """Verify every skill at the same time.

    Returns:
        Each skill's result document, also of those with failed checks.
    """
    work = (verify(session, skill, endpoints, origin) for skill in skills)
    with tunnels.opened(endpoints):
        return list(await asyncio.gather(*work))


async def verify(session: Session, skill: Skill, endpoints: Document, origin: Origin) -> Document:
    """Run one verify.py; a program that ends without a document counts as a failed check."""
    with step(session.emit, f"verify/{skill.name}", f"Verify {skill.name}") as running:
        result = await _run(session, skill, endpoints, origin)
        for check in checks(result):
            mark = "ok  " if check.passed else "FAIL"
            line = f"{mark} {check.origin:7} {check.name}: {check.message} ({check.seconds:.2f}s)"
            session.emit(Message(text=f"     {line}"))
        running.done(summary(result), changed=None)
    return result


async def _run(session: Session, skill: Skill, endpoints: Document, origin: Origin) -> Document:
    process = await _start(session, skill, origin)
    communication = asyncio.create_task(process.communicate(json.dumps(endpoints).encode()))
    try:
        await asyncio.wait({communication}, timeout=SECONDS)
    finally:
        late = not communication.done()
        await _end(process, communication)
    stdout, stderr = await communication
    try:
        document: Document = json.loads(stdout)
    except ValueError:
        last = stderr.decode("utf-8", "replace").strip()[-500:]
        document = _document(skill, session, [] if late else [_failed_check(last)])
    if late:
        document["passed"] = False
        document["checks"].append(_failed_check(f"no end within {SECONDS:.0f} s"))
    return document


async def _start(session: Session, skill: Skill, origin: Origin) -> asyncio.subprocess.Process:
    """Start a verify.py; it waits for the endpoints on its standard input."""
    target = session.target
    config = ["--kubeconfig", str(target.kubeconfig)] if target.kubeconfig else []
    start = asyncio.create_subprocess_exec(
        sys.executable,
        str(skill.verify_script),
        *config,
        *("--context", target.context, "--namespace", session.namespace),
        *("--from", origin, "--endpoints", "-"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **target.environment, "KUBECTL": target.kubectl},
        start_new_session=True,  # a terminal sends Ctrl-C to this process alone, which passes it on
    )
    starting = asyncio.ensure_future(start)
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:  # the program that is just being started has to be ended, too
        process = await starting
        process.kill()
        await process.communicate()
        raise


async def _end(
    process: asyncio.subprocess.Process, communication: asyncio.Task[tuple[bytes, bytes]]
) -> None:
    """Let a verification that still runs clean up; kill it if it does not end in time."""
    if not communication.done():
        with suppress(ProcessLookupError):
            process.terminate()
        await asyncio.wait({communication}, timeout=GRACE)
    if not communication.done():
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.wait({communication})


def _document(skill: Skill, session: Session, checks: list[Document]) -> Document:
    return {
        "apiVersion": "learnflow.infra/v1",
        "kind": "VerifyResult",
        "skill": skill.name,
        "namespace": session.namespace,
        "passed": False,
        "checks": checks,
    }


def _failed_check(message: str) -> Document:
    return {"name": "verify.py", "from": "", "passed": False, "message": message, "seconds": 0.0}
