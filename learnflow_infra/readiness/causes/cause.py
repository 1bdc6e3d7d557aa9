"""A cause: a stable code, one sentence, the evidence, and the remedy."""

from dataclasses import dataclass

from learnflow_infra.models import Document
from learnflow_infra.objects import Reference
from learnflow_infra.readiness.causes.codes import CauseCode, Code, DeclaredCode
from learnflow_infra.remedy import Remedy, Words


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Why an object is not ready.

    `object` is `Kind/name`; `owner` is the controller of a pod: a cause that moves from one of
    its replicas to another continues. `message` is one sentence; `evidence` are lines of
    states, events and logs, without secrets; `remedy` is what to type or change. `grace` is
    in seconds: the cause may last for that long, though the grace of its code is shorter.
    """

    code: CauseCode
    object: Reference
    message: str
    container: str = ""
    evidence: tuple[str, ...] = ()
    remedy: Words = ""
    owner: str = ""
    grace: float = 0.0

    def __post_init__(self) -> None:
        """Raise a TypeError for a code without a policy: no wait would end by it."""
        if not isinstance(self.code, (Code, DeclaredCode)):
            raise TypeError(f"{self.code!r} is not the code of a cause")

    def lines(self) -> list[Words]:
        """The cause for people, evidence indented."""
        name = f"{self.object} container {self.container}" if self.container else self.object
        last = [Remedy("  Remedy: ", self.remedy)] if self.remedy else []
        head = f"Cause {self.code}: {name}: {self.message}"
        return [head, *(f"  {line}" for line in self.evidence), *last]

    def document(self) -> Document:
        """The cause as JSON; its remedy is a document of `Remedy`."""
        fields = {key: value for key, value in vars(self).items() if key != "grace"}
        words = self.remedy
        remedy = words.document() if isinstance(words, Remedy) else words
        return {**fields, "evidence": list(self.evidence), "remedy": remedy}
