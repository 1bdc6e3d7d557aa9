"""Causes that a skill declares, by patterns for log lines or for messages of checks."""

import re
from collections.abc import Iterator, Sequence

from learnflow_infra.masking import masked
from learnflow_infra.models import DeclaredCause
from learnflow_infra.objects import refer
from learnflow_infra.readiness.causes.cause import Cause
from learnflow_infra.readiness.causes.codes import DeclaredCode
from learnflow_infra.readiness.causes.facts import Facts


def explain(facts: Facts, declared: Sequence[DeclaredCause]) -> Iterator[Cause]:
    """A cause for each log that matches the pattern of a declared cause."""
    for rule in (rule for rule in declared if rule.log):
        for (pod, container), lines in facts.evidence.logs.items():
            matching = [line for line in lines if re.search(rule.log, line)]
            if matching:
                yield Cause(
                    code=DeclaredCode(rule.code),
                    object=refer("Pod", pod),
                    container=container,
                    message=rule.message,
                    evidence=(f"log: {masked(matching[-1])}",),
                    remedy=rule.remedy,
                )


def from_checks(
    messages: Sequence[tuple[str, str]], declared: Sequence[DeclaredCause]
) -> list[Cause]:
    """The declared causes that match failed checks, which are pairs of name and message."""
    return [
        Cause(
            code=DeclaredCode(rule.code),
            object=refer("Check", name),
            message=rule.message,
            evidence=(f"check: {masked(message)}",),
            remedy=rule.remedy,
        )
        for rule in declared
        for name, message in messages
        if rule.check and re.search(rule.check, message)
    ]
