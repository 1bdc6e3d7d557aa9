"""Verify skills through the recorded endpoints, changing nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from learnflow_infra.engine.proof import records, verification
from learnflow_infra.engine.request.session import Options, connect, read
from learnflow_infra.events import Emit
from learnflow_infra.models import Document, Skill
from learnflow_infra.outputs import endpoints as outputs


@dataclass(frozen=True, kw_only=True)
class Verified:
    """One result document per skill, failed ones too."""

    skills: Sequence[Skill]
    results: Sequence[Document]


def verify(options: Options, origin: verification.Origin, emit: Emit) -> Verified:
    """Verify the chosen skills through the recorded endpoints."""
    request = read(options)
    session = connect(request.target, options.namespace, emit)
    recorded, _ = records.load(session.kube, session.namespace)
    recorded = recorded or outputs.document(session.target, session.namespace, [])
    work = verification.verify_all(session, request.skills, recorded, origin)
    return Verified(skills=request.skills, results=asyncio.run(work))
