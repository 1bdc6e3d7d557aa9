"""Run the skills' own verify.py, and read what they found."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from learnflow_infra.engine.proof import tunnels
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import VerificationError
from learnflow_infra.events import Message, step
from learnflow_infra.models import Check, Document, Skill
from learnflow_infra.readiness import failures
from learnflow_infra.readiness.causes import Cause, from_checks
from learnflow_infra.remedy import Command, Remedy, join_lines

Origin = Literal["inside", "host", "both"]
SECONDS = 120.0
"""The longest that one skill's verification may take."""
GRACE = 15.0
"""Seconds that a verify.py gets to take away what it made; its own bound is 10."""


async def verify_all(
    session: Session, skills: Sequence[Skill], endpoints: Document, origin: Origin = "both"
) -> list[Document]:
    """Verify every skill at the same time.

    Returns:
        Each skill's result document, those with failed checks too.
    """
    work = (verify(session, skill, endpoints, origin) for skill in skills)
    with tunnels.opened(endpoints):
        return list(await asyncio.gather(*work))


async def verify(session: Session, skill: Skill, endpoints: Document, origin: Origin) -> Document:
    """Run one verify.py; a program that ends without a document is a failed check."""
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
    talk = asyncio.create_task(process.communicate(json.dumps(endpoints).encode()))
    try:
        await asyncio.wait({talk}, timeout=SECONDS)
    finally:
        late = not talk.done()
        await _end(process, talk)
    out, err = await talk
    said = err.decode("utf-8", "replace").strip()[-500:]
    try:
        document: Document = json.loads(out)
    except ValueError:
        document = _document(skill, session, [] if late else [_failed(said)])
    if late:
        document["passed"] = False
        document["checks"].append(_failed(f"no end within {SECONDS:.0f} s"))
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
        env={**os.environ, "KUBECTL": target.kubectl},
        start_new_session=True,  # a terminal's Ctrl-C is for us; we tell it once
    )
    starting = asyncio.ensure_future(start)
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:  # else nobody would own what is just being started
        process = await starting
        process.kill()
        await process.communicate()
        raise


async def _end(
    process: asyncio.subprocess.Process, talk: asyncio.Task[tuple[bytes, bytes]]
) -> None:
    """Let a verification that still runs clean up; one that does not end is killed."""
    if not talk.done():
        with suppress(ProcessLookupError):
            process.terminate()
        await asyncio.wait({talk}, timeout=GRACE)
    if not talk.done():
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.wait({talk})


def _document(skill: Skill, session: Session, found: list[Document]) -> Document:
    return {
        "apiVersion": "learnflow.infra/v1",
        "kind": "VerifyResult",
        "skill": skill.name,
        "namespace": session.namespace,
        "passed": False,
        "checks": found,
    }


def _failed(message: str) -> Document:
    return {"name": "verify.py", "from": "", "passed": False, "message": message, "seconds": 0.0}


def checks(result: Document) -> list[Check]:
    """The checks of a result document."""
    return [
        Check(
            name=item["name"],
            passed=item["passed"],
            message=item["message"],
            origin=item["from"],
            seconds=item["seconds"],
        )
        for item in result["checks"]
    ]


def passed(result: Document) -> bool:
    """Something was checked, and all of it held."""
    found = checks(result)
    return bool(found) and all(check.passed for check in found)


def summary(result: Document) -> str:
    """How many checks held."""
    found = checks(result)
    return f"{sum(check.passed for check in found)} of {len(found)} checks passed"


def require(results: Sequence[Document], skills: Sequence[Skill] = ()) -> None:
    """All results must have passed.

    Args:
        results: one of each skill that was verified.
        skills: that may declare what a failed check means.

    Raises:
        VerificationError: naming every check that did not hold, and the causes of those.
    """
    failed = [result for result in results if not passed(result)]
    if failed or not results:
        unmet = [
            f"{result['skill']} {check.name} (from {check.origin}): {check.message}"
            for result in failed
            for check in checks(result)
            if not check.passed
        ]
        found = causes(failed, skills)
        more = Remedy("Look for causes: ", Command("diagnose"))
        raise failures.failure(
            VerificationError,
            "Verification failed." if results else "Nothing was verified.",
            why="\n".join(unmet),
            causes=found,
            remedy=join_lines(*dict.fromkeys(cause.remedy for cause in found), more),
        )


def causes(results: Sequence[Document], skills: Sequence[Skill]) -> list[Cause]:
    """What the skills declare that failed checks mean, each cause once."""
    found: dict[str, Cause] = {}
    for result in results:
        said = [(f"{c.name} from {c.origin}", c.message) for c in checks(result) if not c.passed]
        for skill in (skill for skill in skills if skill.name == result["skill"]):
            for release in skill.releases:
                for cause in from_checks(said, release.causes):
                    found.setdefault(cause.code, cause)
    return list(found.values())
