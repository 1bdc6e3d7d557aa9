"""Check programs and folders that every deploy uses; no cluster is needed."""

import os
import shutil
from pathlib import Path

from learnflow_infra import paths
from learnflow_infra.checks import Check
from learnflow_infra.clients import helm_choice
from learnflow_infra.engine.gate.machine import free_bytes, nearest_existing
from learnflow_infra.locations import Target
from learnflow_infra.quantities import MIB

ARTIFACT_BYTES = 64 * MIB
"""Bytes that artifacts may need on the checkout's disk."""


def checks(target: Target, phase: Path | None = None) -> list[Check]:
    """Check helm, the phase directory and kubectl.

    The embedded cluster includes kubectl; other clusters need one on PATH.

    Args:
        target: of the deploy.
        phase: the phase directory; None takes the checkout's.

    Raises:
        InputError: LEARNFLOW_HELM names no helm.
    """
    helm = Check(name="helm", passed=True, message=str(helm_choice.expected()))
    local = [helm, _phase_directory(phase or paths.phase_dir())]
    return local if target.cluster else [*local, _kubectl(target.kubectl)]


def _phase_directory(folder: Path) -> Check:
    name, existing = "phase directory", nearest_existing(folder)
    if not os.access(existing, os.W_OK | os.X_OK) or not existing.is_dir():
        remedy = f"sudo chown -R $(id -u) {existing}"
        return Check(name=name, passed=False, message=f"{existing}: not writable", remedy=remedy)
    free = free_bytes(folder)
    return Check(
        name=name,
        passed=free >= ARTIFACT_BYTES,
        message=f"{folder}, {free // MIB} MiB free",
        remedy="" if free >= ARTIFACT_BYTES else f"Free {ARTIFACT_BYTES // MIB} MiB on that disk.",
    )


def _kubectl(program: str) -> Check:
    path = shutil.which(program)
    remedy = "Install kubectl; verification connects from inside the cluster through it."
    return Check(
        name="kubectl",
        passed=path is not None,
        message=path or f"{program}: not on PATH",
        remedy="" if path else remedy,
    )
