"""The errors of helm, as errors of this project, by what its stderr says."""

import re
from collections.abc import Coroutine
from typing import Any, TypeVar

from learnflow_infra import rights
from learnflow_infra.clients.api_errors import missing_right
from learnflow_infra.errors import (
    ArtifactError,
    ClusterUnreachableError,
    FoundationError,
    InputError,
    LearnflowError,
    ReleaseFailedError,
)
from learnflow_infra.masking import masked
from learnflow_infra.remedy import Command, Remedy, Words, join_lines

T = TypeVar("T")

_NO_RELEASE = "release: not found"
_ETCD = "etcdserver"
"""In stderr when etcd fails; helm may then wrongly report a release as not found."""
_CORRECT = "Correct the values; the chart's values.yaml describes each."
_DELETE_RECORD = (
    "If no other helm process works on it, delete the newest record, which is listed last, and "
    "deploy again; repeat it while helm says the same:\n"
    "kubectl get secrets -l owner=helm,name={release} --sort-by=.metadata.creationTimestamp\n"
    "kubectl delete secrets sh.helm.release.v1.{release}.vREVISION"
)
_TEMPLATE = r"(?:(?:YAML )?parse error (?:at|on)|template:) [^\n]*"
_TRACE = r"[^\s:]+:\d+(?::\d+)?\n +.*?(?=\s*(?:Use --debug|$))"
"""Where a template failed, over several lines: Helm 4's form of it."""
_FAILURES: tuple[tuple[type[LearnflowError], str, str, str, Words], ...] = (
    (
        ArtifactError,
        r'chart "[^"]+" (version "[^"]+" )?not found',
        "The chart of {release} does not exist.",
        "",
        "",
    ),
    (
        ArtifactError,
        r"missing in charts/ directory: (.*)",
        "The chart of {release} lacks charts that it depends on.",
        r"\1",
        "Put them into its folder: helm dependency build CHART",
    ),
    (
        FoundationError,
        r"chart requires kubeVersion: ([^\n]*) which is incompatible with ([^\n]*)",
        "The chart of {release} is not for this version of Kubernetes.",
        r"Its kubeVersion is \1; this is \2.",
        "Take a version of the chart that fits, or upgrade the cluster.",
    ),
    (
        ClusterUnreachableError,
        r"(?i:connection refused|no route to host|i/o timeout|cluster unreachable|: unauthorized)",
        "helm cannot reach the cluster.",
        "",
        Remedy(Command("doctor")),
    ),
    (
        InputError,
        r"execution error at \(([^)]*)\): (.*?)\s*(?:Use --debug|$)",  # `fail` and `required`
        "The chart of {release} refuses its values.",
        r"\2 (\1)",
        _CORRECT,
    ),
    (
        InputError,
        rf"Error: (?:[A-Z ]+: )?({_TEMPLATE}|{_TRACE})",
        "The chart of {release} cannot be rendered with these values.",
        r"\1",
        join_lines(
            Remedy("Correct the values: ", Command("values")),
            "Or correct the template that is named.",
        ),
    ),
    (
        InputError,
        r"values don't meet the specifications of the schema\(s\) in [^:]*:\s*(.*)",
        "The values of {release} do not fit its chart.",
        r"\1",
        _CORRECT,
    ),
    (
        ReleaseFailedError,
        r'Error: (?:[A-Z ]+: )?no revision for release "',
        "helm cannot read its records of {release}.",
        "",
        _DELETE_RECORD,
    ),
    (
        ReleaseFailedError,  # helm skips what it cannot read, and numbers from the last that it can
        r"Error: (?:[A-Z ]+: )?release: already exists",
        "helm cannot read its newest record of {release}, or another helm process just made it.",
        "",
        _DELETE_RECORD,
    ),
)
"""Class, pattern of stderr, what, why ("" is all of stderr) and remedy; the first match decides."""


class HelmError(Exception):
    """Helm failed; `stderr` is its standard error."""

    def __init__(self, stderr: str) -> None:
        super().__init__(stderr)
        self.stderr = stderr


class MissingReleaseError(ReleaseFailedError):
    """The release does not exist."""


async def translate(release: str, work: Coroutine[Any, Any, T]) -> T:
    """Await a helm call; raise its error as one of this project, with stderr as `why`."""
    try:
        return await work
    except HelmError as error:
        raise _translated(release, masked(error.stderr)) from error


def _translated(release: str, stderr: str) -> LearnflowError:
    if _NO_RELEASE in stderr.lower() and _ETCD not in stderr:
        return MissingReleaseError(f"There is no release {release}.")
    if rights.lacks_right(stderr):
        return missing_right(stderr)
    for kind, pattern, what, words, remedy in _FAILURES:
        match = re.search(pattern, stderr, re.DOTALL)
        if match:
            why = _as_keys(match.expand(words)) if words else stderr
            return kind(
                what.format(release=release), why=why, remedy=remedy.format(release=release)
            )
    return ReleaseFailedError(
        f"helm could not handle the release {release}.",
        why=stderr,
        remedy=Remedy("See what runs there: ", Command("diagnose")),
    )


def _as_keys(text: str) -> str:
    """A schema's faults with keys as `--set` takes them; helm prints JSON pointers.

    Of a key that is not allowed, helm names the path of another one.
    """
    text = re.sub(
        r"at '[^']*': invalid propertyName '([^']*)'", r"the key '\1' is not allowed", text
    )
    text = re.sub(r"at '/([^']*)': ", lambda found: found[1].replace("/", ".") + ": ", text)
    return text.replace("at '': ", "")
