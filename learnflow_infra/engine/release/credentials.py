"""Secrets with random passwords: generated once, in memory, and never again."""

import base64
import secrets

from learnflow_infra.clients.api_errors import ConflictError
from learnflow_infra.clients.kube import MANAGER, Kube, selector
from learnflow_infra.errors import RefusedError
from learnflow_infra.models import Credential
from learnflow_infra.objects import Object
from learnflow_infra.remedy import Command, Remedy

ENTROPY = 24
"""Bytes of randomness in a password; 32 characters of URL-safe text."""


def ensure(kube: Kube, namespace: str, credential: Credential) -> bool:
    """Create a credential's Secret unless it exists.

    Returns:
        Whether it was created.

    Raises:
        RefusedError: its volumes exist without it (their data needs the old password), or it
            exists without one of its keys.
    """
    if not missing(kube, namespace, credential):
        return False
    try:
        kube.create(f"/api/v1/namespaces/{namespace}/secrets", _secret(credential))
    except ConflictError:
        return False  # another run has just created it: that Secret is kept
    return True


def missing(kube: Kube, namespace: str, credential: Credential) -> bool:
    """Whether a credential's Secret would be created; nothing is changed.

    Raises:
        RefusedError: as `ensure`.
    """
    existing = kube.find(f"/api/v1/namespaces/{namespace}/secrets/{credential.secret}")
    if existing is not None:
        _check_keys(namespace, credential, set(existing.get("data") or {}))
        return False
    _refuse_orphans(kube, namespace, credential)
    return True


def _secret(credential: Credential) -> Object:
    values = {key: secrets.token_urlsafe(ENTROPY).encode() for key in credential.keys}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": credential.secret,
            "labels": {"app.kubernetes.io/managed-by": MANAGER},
        },
        "type": "Opaque",
        "data": {key: base64.b64encode(value).decode() for key, value in values.items()},
    }


def _check_keys(namespace: str, credential: Credential, present: set[str]) -> None:
    missing = sorted(set(credential.keys) - present)
    if missing:
        raise RefusedError(
            f"The Secret {namespace}/{credential.secret} lacks the key {', '.join(missing)}.",
            why="It exists, so it is not generated again; its other keys may be in use.",
            remedy=f"Add the key: kubectl -n {namespace} edit secret {credential.secret}",
        )


def _refuse_orphans(kube: Kube, namespace: str, credential: Credential) -> None:
    claims = kube.items(
        f"/api/v1/namespaces/{namespace}/persistentvolumeclaims",
        labels=selector(credential.volumes),
    )
    if claims:
        names = ", ".join(claim["metadata"]["name"] for claim in claims)
        raise RefusedError(
            f"The volume {names} outlived the Secret {namespace}/{credential.secret}.",
            why="Its data keeps the old password; a new one would lock everyone out.",
            remedy=Remedy(
                "Restore the Secret, or give the data up: ", Command("delete", "--purge-data")
            ),
        )
