"""The results of checks, by the gate before a deploy and by a skill's verification."""

from dataclasses import dataclass

from learnflow_infra.remedy import Words

UNCHANGED = "no release was changed"
"""How an error ends that is raised before the run has changed any release."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """The result of one check; `origin` is where it was made: `inside` or `host`.

    `seconds` is how long it took.
    """

    name: str
    passed: bool
    message: str
    origin: str = ""
    seconds: float = 0.0
    remedy: Words = ""
