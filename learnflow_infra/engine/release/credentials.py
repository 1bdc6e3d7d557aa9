"""Secrets with random passwords: generated once, in memory, and never again."""

import base64
import secrets

from learnflow_infra.clients import api_paths
from learnflow_infra.clients.api_errors import ConflictError
from learnflow_infra.clients.kube import MANAGER, Kube
from learnflow_infra.engine.release import claims
from learnflow_infra.errors import RefusedError
from learnflow_infra.models import Credential
from learnflow_infra.objects import Object

ENTROPY = 24
"""Bytes of randomness in a password; 32 characters of URL-safe text."""


def ensure(kube: Kube, namespace: str, credential: Credential, *, kubectl: str = "kubectl") -> bool:
    """Create a credential's Secret unless it exists.

    Args:
        kube: the cluster.
        namespace: of the Secret and the volumes.
        credential: as the skill declares it.
        kubectl: the command for remedies.

    Returns:
        Whether it was created.

    Raises:
        RefusedError: its volumes exist without it (their data needs the old password), or it
            exists without one of its keys.
    """
    if not missing(kube, namespace, credential, kubectl=kubectl):
        return False
    try:
        kube.create(api_paths.secrets(namespace), _secret(credential))
    except ConflictError:
        return False  # another run has just created it: that Secret is kept
    return True


def missing(
    kube: Kube, namespace: str, credential: Credential, *, kubectl: str = "kubectl"
) -> bool:
    """Whether a credential's Secret would be created; nothing is changed. Arguments as `ensure`.

    Raises:
        RefusedError: as `ensure`.
    """
    existing = kube.find(f"{api_paths.secrets(namespace)}/{credential.secret}")
    if existing is not None:
        _check_keys(namespace, credential, set(existing.get("data") or {}), kubectl)
        return False
    _refuse_orphans(kube, namespace, credential, kubectl)
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


def _check_keys(namespace: str, credential: Credential, present: set[str], kubectl: str) -> None:
    missing = sorted(set(credential.keys) - present)
    if missing:
        raise RefusedError(
            f"The Secret {namespace}/{credential.secret} lacks the key {', '.join(missing)}.",
            why="It exists, so it is not generated again; its other keys may be in use.",
            remedy=f"Add the key: {kubectl} -n {namespace} edit secret {credential.secret}",
        )


def _refuse_orphans(kube: Kube, namespace: str, credential: Credential, kubectl: str) -> None:
    found = claims.of_labels(kube, namespace, credential.volumes)
    if found:
        names = ", ".join(claim["metadata"]["name"] for claim in found)
        raise RefusedError(
            f"The volume {names} outlived the Secret {namespace}/{credential.secret}.",
            why="Its data keeps the old password; a new one would lock everyone out.",
            remedy=credential.restore.fill(kubectl=kubectl, namespace=namespace)
            or f"Restore the Secret with its old keys: {', '.join(credential.keys)}.",
        )
