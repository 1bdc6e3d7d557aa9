"""Results of checks, of the gate before a deploy and of a skill's verification."""

from dataclasses import dataclass

from learnflow_infra.remedy import Words


@dataclass(frozen=True, kw_only=True)
class Check:
    """The result of a check; `origin` is where it ran: `inside` the cluster or on the `host`.

    `seconds` is its duration.
    """

    name: str
    passed: bool
    message: str
    origin: str = ""
    seconds: float = 0.0
    remedy: Words = ""
