"""Types of the documents that a run writes or reads: specs/2-infra-deploy/contracts has schemas."""

from typing import Required, TypedDict

from learnflow_infra.models import Profile, SecretKeys


class AddressDocument(TypedDict):
    """A host name or IP address, and a TCP port."""

    host: str
    port: int


class VerifiedDocument(TypedDict):
    """When and by what an endpoint was proven: UTC, the program, and its checks that passed."""

    at: str
    by: str
    checks: list[str]


class EndpointDocument(TypedDict, total=False):
    """One endpoint of endpoints.json; `tunnel` is missing where none is needed.

    Without a way from the host `host` is missing, and `withoutHost` says why;
    `withoutNodePort` says why `host` is the end of a tunnel and no node's address. Records of
    earlier versions lack `selector`.
    `verified` is None where no verification holds for it; `unverified` then says why.
    """

    name: Required[str]
    skill: Required[str]
    release: Required[str]
    protocol: Required[str]
    inCluster: Required[AddressDocument]
    host: AddressDocument
    withoutHost: str
    withoutNodePort: str
    selector: dict[str, str]
    parameters: Required[dict[str, str]]
    credentials: Required[SecretKeys | None]
    env: Required[dict[str, str]]
    connect: Required[list[str]]
    verified: Required[VerifiedDocument | None]
    unverified: str
    tunnel: list[str]


class EndpointsDocument(TypedDict, total=False):
    """endpoints.json; empty where nothing is deployed."""

    apiVersion: str
    kind: str
    namespace: str
    context: str
    profile: Profile
    endpoints: list[EndpointDocument]


CheckDocument = TypedDict(
    "CheckDocument",
    {"name": str, "from": str, "passed": bool, "message": str, "seconds": float},
)
"""One check of a verify.py; `from` is `inside`, `host`, `cluster`, or "" for the program itself."""


UncheckedDocument = TypedDict("UncheckedDocument", {"from": str, "why": str})
"""A vantage from which nothing was checked, and why."""


class VerifyResult(TypedDict, total=False):
    """What a verify.py prints; `unchecked` is missing where all was checked."""

    apiVersion: Required[str]
    kind: Required[str]
    skill: Required[str]
    namespace: Required[str]
    passed: Required[bool]
    checks: Required[list[CheckDocument]]
    unchecked: list[UncheckedDocument]


class StepReport(TypedDict, total=False):
    """A step of a deploy's report; without `end` and `result` where the run was cut off in it."""

    step: Required[str]
    title: str
    needs: tuple[str, ...]
    start: float
    end: float
    result: str
    note: str


class StateReport(TypedDict):
    """A status of an object; it began `at`."""

    at: float
    state: str
    message: str


class ObjectReport(TypedDict, total=False):
    """An object of a deploy's report, with its statuses; it was deleted at `gone`."""

    step: Required[str]
    object: Required[str]
    owner: Required[str]
    created: float
    states: list[StateReport]
    gone: float


class CauseReport(TypedDict, total=False):
    """A cause of a deploy's report."""

    step: str
    code: Required[str]
    object: Required[str]
    message: Required[str]
    container: str
    owner: str
    evidence: list[str]
    remedy: str


class ErrorReport(TypedDict, total=False):
    """The error in which a deploy ended."""

    what: Required[str]
    why: str
    remedy: str
    exitCode: Required[int]


class DeployReport(TypedDict, total=False):
    """deploy-report.json; times are seconds since `started`, which is UTC."""

    apiVersion: str
    kind: str
    started: Required[str]
    seconds: float
    changed: Required[bool]
    result: str
    context: str
    namespace: str
    steps: Required[list[StepReport]]
    objects: list[ObjectReport]
    causes: list[CauseReport]
    endpoints: list[EndpointDocument]
    error: ErrorReport
