"""What API objects and documents say, judged: no input or output here.

Python 3.9, standard library only.
"""

from __future__ import annotations

import json
from typing import Any, Iterable, Sequence

ENDPOINT_KEYS = {"release", "inCluster", "host", "parameters", "credentials"}


class CheckFailed(Exception):  # noqa: N818 - reads as a sentence where it is raised
    """A check did not hold; the text says what was seen and what to do."""


def endpoints(text: str) -> list[dict[str, Any]]:
    """Return the entries of an endpoints document.

    Raises:
        ValueError: it is not JSON, or another document.
    """
    document = json.loads(text)
    if not isinstance(document, dict) or document.get("kind") != "Endpoints":
        raise ValueError("it has another kind")
    return [entry for entry in document.get("endpoints", []) if isinstance(entry, dict)]


def endpoint(entries: Iterable[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return the entry of that name.

    Raises:
        CheckFailed: there is none, or it lacks something.
    """
    found = next((entry for entry in entries if entry.get("name") == name), None)
    if found is None:
        raise CheckFailed(f"endpoint {name} is not recorded; run: learnflow-infra deploy")
    missing = ENDPOINT_KEYS - found.keys()
    if missing:
        raise CheckFailed(f"endpoint {name} lacks {', '.join(sorted(missing))}")
    return found


def ready_pods(pods: Sequence[dict[str, Any]], selector: str) -> list[str]:
    """Return the pods' names.

    Raises:
        CheckFailed: there is none, or one is not Ready.
    """
    if not pods:
        raise CheckFailed(f"no pod is labelled {selector}; run: learnflow-infra deploy")
    waiting = [text for text in map(_not_ready, pods) if text]
    if waiting:
        raise CheckFailed("; ".join(waiting) + "; run: learnflow-infra diagnose")
    return [pod["metadata"]["name"] for pod in pods]


def bound_volumes(claims: Sequence[dict[str, Any]], selector: str) -> str:
    """Say how large the claims' volumes are.

    Raises:
        CheckFailed: there is none, or one is not Bound.
    """
    if not claims:
        raise CheckFailed(f"no volume claim is labelled {selector}: data would not last")
    loose = [c["metadata"]["name"] for c in claims if c["status"].get("phase") != "Bound"]
    if loose:
        raise CheckFailed(f"not bound: {', '.join(loose)}; run: learnflow-infra diagnose")
    return ", ".join(
        f"{c['metadata']['name']} {c['status'].get('capacity', {}).get('storage', '?')} bound"
        for c in claims
    )


def _not_ready(pod: dict[str, Any]) -> str:
    """Return why a pod is not Ready, or "" (Kubernetes: status.conditions of type Ready)."""
    name, status = pod["metadata"]["name"], pod.get("status", {})
    if pod["metadata"].get("deletionTimestamp"):
        return f"pod {name} is terminating"
    ready: dict[str, Any] = next(
        (c for c in status.get("conditions", []) if c["type"] == "Ready"), {}
    )
    if ready.get("status") == "True":
        return ""
    for container in status.get("containerStatuses", []) + status.get("initContainerStatuses", []):
        waiting = container.get("state", {}).get("waiting", {})
        if waiting.get("reason"):
            return f"pod {name}, container {container['name']}: {waiting['reason']}"
    why = ready.get("message") or status.get("phase", "no status yet")
    return f"pod {name} is not ready: {why}"
