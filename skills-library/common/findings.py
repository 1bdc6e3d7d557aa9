"""Pure checks of API objects and of the endpoints document, without input or output.

Python 3.9, standard library only.
"""

from __future__ import annotations

import json
from typing import Any, Iterable, Sequence

ENDPOINT_KEYS = {"release", "inCluster", "host", "parameters", "credentials"}


class CheckFailed(Exception):  # noqa: N818 - reads as a sentence where it is raised
    """A check failed; the text has what was observed and what to do."""


def endpoints(text: str) -> list[dict[str, Any]]:
    """Return the entries of an endpoints document.

    Raises:
        ValueError: the text is not JSON, or not a document of kind Endpoints.
    """
    document = json.loads(text)
    if not isinstance(document, dict) or document.get("kind") != "Endpoints":
        raise ValueError("the kind is not Endpoints")
    return [entry for entry in document.get("endpoints", []) if isinstance(entry, dict)]


def endpoint(entries: Iterable[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return the entry of that name.

    Raises:
        CheckFailed: no entry has this name, or it lacks a required key.
    """
    entry = next((entry for entry in entries if entry.get("name") == name), None)
    if entry is None:
        raise CheckFailed(f"endpoint {name} is not recorded; run: learnflow-infra deploy")
    missing = ENDPOINT_KEYS - entry.keys()
    if missing:
        raise CheckFailed(f"endpoint {name} lacks {', '.join(sorted(missing))}")
    return entry


def ready_pods(pods: Sequence[dict[str, Any]], selector: str) -> list[str]:
    """Return the pods' names.

    Raises:
        CheckFailed: there is no pod, or one is not Ready.
    """
    if not pods:
        raise CheckFailed(f"no pod has the labels {selector}; run: learnflow-infra deploy")
    waiting = [text for text in map(_not_ready, pods) if text]
    if waiting:
        raise CheckFailed("; ".join(waiting) + "; run: learnflow-infra diagnose")
    return [pod["metadata"]["name"] for pod in pods]


def bound_volumes(claims: Sequence[dict[str, Any]], selector: str) -> str:
    """Describe the claims' volumes: name and capacity of each.

    Raises:
        CheckFailed: there is no claim, or one is not Bound.
    """
    if not claims:
        raise CheckFailed(
            f"no volume claim has the labels {selector}: data would be lost with the pod"
        )
    unbound = [c["metadata"]["name"] for c in claims if c["status"].get("phase") != "Bound"]
    if unbound:
        raise CheckFailed(f"not bound: {', '.join(unbound)}; run: learnflow-infra diagnose")
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
