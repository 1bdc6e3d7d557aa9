"""Pure: evaluate the results of the skills' verification programs."""

import re
from collections.abc import Sequence

from learnflow_infra import rights
from learnflow_infra.checks import Check
from learnflow_infra.clients.api_errors import missing_right
from learnflow_infra.errors import LearnflowError, VerificationError
from learnflow_infra.models import Skill
from learnflow_infra.outputs.contracts import VerifyResult
from learnflow_infra.readiness import failures
from learnflow_infra.readiness.causes import Cause, from_checks
from learnflow_infra.remedy import PROGRAM, Command, Remedy, Words, join_lines

_COMMAND = re.compile(rf"(.*; run: ){PROGRAM} ([a-z ]+)", re.DOTALL)


def checks(result: VerifyResult) -> list[Check]:
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


def failed_checks(result: VerifyResult) -> list[Check]:
    """The checks that did not pass."""
    return [check for check in checks(result) if not check.passed]


def passed(result: VerifyResult) -> bool:
    """There are checks, and all of them passed."""
    return bool(result["checks"]) and not failed_checks(result)


def summary(result: VerifyResult) -> str:
    """The number of checks that passed, and what was not checked, as text."""
    total = len(result["checks"])
    text = f"{total - len(failed_checks(result))} of {total} checks passed"
    left_out = (
        f"not from the {item['from']}: {item['why']}" for item in result.get("unchecked", ())
    )
    return "; ".join([text, *left_out])


def require(results: Sequence[VerifyResult], skills: Sequence[Skill] = ()) -> None:
    """Raise an error unless there are results, and all of them passed.

    Raises:
        VerificationError: as `failure` describes it.
    """
    error = failure(results, skills)
    if error:
        raise error


def failure(results: Sequence[VerifyResult], skills: Sequence[Skill] = ()) -> LearnflowError | None:
    """The error that names every failed check, and the causes; None if all passed.

    Args:
        results: one for each verified skill; without any, nothing was proven.
        skills: may declare causes of failed checks.
    """
    failed = [result for result in results if not passed(result)]
    if results and not failed:
        return None
    denied = [check.message for item in failed for check in failed_checks(item)]
    for message in filter(rights.lacks_right, denied):
        return missing_right(message)
    lines = [
        _line(f"{result['skill']} {check.name} (from {check.origin}): {check.message}")
        for result in failed
        for check in failed_checks(result)
    ]
    declared = causes(failed, skills)
    more = Remedy("Look for causes: ", Command("diagnose"))
    return failures.failure(
        VerificationError,
        "Verification failed." if results else "Nothing was verified.",
        why=join_lines(*lines),
        causes=declared,
        remedy=join_lines(*dict.fromkeys(cause.remedy for cause in declared), more),
    )


def _line(text: str) -> Words:
    """A line of verify.py; a command at its end gets the cluster and the options of this run."""
    found = _COMMAND.fullmatch(text)
    return Remedy(found[1], Command(*found[2].split())) if found else text


def causes(results: Sequence[VerifyResult], skills: Sequence[Skill]) -> list[Cause]:
    """The causes that skills declare for failed checks (`check:` in skill.yaml), each once."""
    by_code: dict[str, Cause] = {}
    for result in results:
        messages = [
            (f"{check.name} from {check.origin}", check.message) for check in failed_checks(result)
        ]
        for skill in (skill for skill in skills if skill.name == result["skill"]):
            for release in skill.releases:
                for cause in from_checks(messages, release.causes):
                    by_code.setdefault(cause.code, cause)
    return list(by_code.values())
