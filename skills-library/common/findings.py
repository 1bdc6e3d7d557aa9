"""Pure checks of API objects and of the endpoints document, without input or output.

Python 3.9, standard library only.
"""

from __future__ import annotations

import json
from typing import Any, Iterable, Sequence

ENDPOINT_KEYS = {"release", "inCluster", "parameters", "credentials"}


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


def bound_volumes(pods: Sequence[dict[str, Any]], claims: Sequence[dict[str, Any]]) -> str:
    """Describe the volumes of the pods' claims: name and capacity of each.

    Args:
        pods: the server's.
        claims: of the namespace; those that no pod uses are left out.

    Raises:
        CheckFailed: there is no pod, or a claim is missing or not Bound.
    """
    if not pods:
        raise CheckFailed("no pod, so no volume")
    found = {claim["metadata"]["name"]: claim["status"] for claim in claims}
    used = [name for pod in pods for name in _claims(pod)]
    unbound = [name for name in used if found.get(name, {}).get("phase") != "Bound"]
    if unbound:
        raise CheckFailed(f"not bound: {', '.join(unbound)}; run: learnflow-infra diagnose")
    if not used:
        return "no volume claim, as its values say: the data is lost with the pod"
    return ", ".join(
        f"{name} {found[name].get('capacity', {}).get('storage', '?')} bound" for name in used
    )


def _claims(pod: dict[str, Any]) -> list[str]:
    """Return the names of a pod's claims (Kubernetes: spec.volumes)."""
    volumes = pod.get("spec", {}).get("volumes") or []
    claims = (volume.get("persistentVolumeClaim") for volume in volumes)
    return [claim["claimName"] for claim in claims if claim]


def selector(endpoint: dict[str, Any]) -> str:
    """Return the label selector of the server's pods: the Service's, or the release's."""
    labels = endpoint.get("selector") or {"app.kubernetes.io/instance": endpoint["release"]}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


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
