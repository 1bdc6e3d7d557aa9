"""What a cause is: a stable code, one sentence, the evidence, and what to type."""

from dataclasses import dataclass

from learnflow_infra.models import Document
from learnflow_infra.objects import Reference
from learnflow_infra.readiness.causes.codes import CauseCode, Code, DeclaredCode
from learnflow_infra.remedy import Remedy, Words


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Why an object is not ready.

    `object` is `Kind/name`; `owner` is what makes it again, where it is one of several
    replicas: what lasts for the owner is one trouble. `message` is one sentence; `evidence`
    lines of states, events and logs, without secrets; `remedy` what to type or change.
    """

    code: CauseCode
    object: Reference
    message: str
    container: str = ""
    evidence: tuple[str, ...] = ()
    remedy: Words = ""
    owner: str = ""

    def __post_init__(self) -> None:
        """Raise a TypeError for a code without a policy: no wait would end by it."""
        if not isinstance(self.code, (Code, DeclaredCode)):
            raise TypeError(f"{self.code!r} is no code of a cause")

    def lines(self) -> list[Words]:
        """The cause for people, evidence indented."""
        where = f"{self.object} container {self.container}" if self.container else self.object
        last = [Remedy("  Remedy: ", self.remedy)] if self.remedy else []
        head = f"Cause {self.code}: {where}: {self.message}"
        return [head, *(f"  {line}" for line in self.evidence), *last]

    def document(self) -> Document:
        """The cause as `-o json` has it."""
        return {**vars(self), "evidence": list(self.evidence), "remedy": str(self.remedy)}
