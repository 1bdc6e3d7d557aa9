"""Upgrades of a cluster that an earlier version of this program started.

A cluster's folder records the versions of its programs, before they touch its data. There is
no way back: etcd 3.7 writes what 3.6 cannot read. So etcd's data are copied first, and an
older version of this program is refused at once.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.clusters.embedded.programs import binary
from learnflow_infra.errors import HostError, RefusedError
from learnflow_infra.paths import repo_root
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.system import files
from learnflow_infra.versions import minor, numbers

Versions = Mapping[str, str]
"""The version of each program, as v1.37.2, by its name."""
UNRECORDED = {"Kubernetes": "v1.34.4", "etcd": "v3.6.5"}
"""The versions of the clusters from before there was a record."""
DATALESS = frozenset({"runc"})
"""Recorded for people alone: another version has no data to read, and the host's may be used."""


def own() -> dict[str, str]:
    """The versions that this checkout builds, of programs whose data cannot go back."""
    return {
        "Kubernetes": binary.version(),
        "etcd": binary.version(binary.ETCD),
        "containerd": binary.version(binary.CONTAINERD),
    }


@dataclass(frozen=True, kw_only=True)
class Record:
    """The versions of the programs that a cluster was started with last, and whose they were.

    A damaged one has no versions.
    """

    versions: Versions
    checkout: str = ""


def recorded(name: str) -> Record | None:
    """The record of a cluster; None if it never became ready."""
    layout = cluster_files.layout(name)
    try:
        return _parsed(layout.versions.read_bytes())
    except FileNotFoundError:
        return Record(versions=UNRECORDED) if layout.ready.exists() else None


def _parsed(text: bytes) -> Record:
    """Pure: a record; a newer version of this program may have written more into it."""
    try:
        document = json.loads(text)
        versions = {name: str(version) for name, version in document["versions"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return Record(versions={})
    whole = all(minor(versions.get(name, "")) for name in UNRECORDED)
    return Record(versions=versions if whole else {}, checkout=document.get("checkout", ""))


def record(name: str, runc: str) -> None:
    """Record the versions of this checkout, and that of the runc in use, as v1.5.2."""
    document = {"versions": {**own(), "runc": runc}, "checkout": str(repo_root())}
    files.replace(cluster_files.layout(name).versions, json.dumps(document, indent=2) + "\n")


def behind(recorded: Versions, now: Versions) -> bool:
    """Whether a program is older than now, or not recorded: a start upgrades the cluster."""
    return any(numbers(recorded.get(name, "")) < numbers(now[name]) for name in now)


def ahead(recorded: Versions, now: Versions) -> bool:
    """Whether a program is newer than now, or not known here; a patch changes no format."""
    names = recorded.keys() - DATALESS
    return any(numbers(recorded[name])[:2] > numbers(now.get(name, ""))[:2] for name in names)


def pending(name: str) -> Versions | None:
    """The versions from which `up` upgrades the cluster; None if it is no upgrade.

    Raises:
        RefusedError: the cluster is too new for this checkout, or its record is damaged.
    """
    found = recorded(name)
    if found is None:
        return None
    if not found.versions:
        raise _unreadable(name)
    if ahead(found.versions, own()):
        raise _too_new(name, found)
    return found.versions if behind(found.versions, own()) else None


def _too_new(name: str, found: Record) -> RefusedError:
    backup = cluster_files.layout(name).backup
    other = f"that checkout ({found.checkout})" if found.checkout else "that version"
    return RefusedError(
        f"The cluster {name} was started by a newer version of this program.",
        why=f"It has {text(found.versions)}; this checkout has {text(own())}, which cannot read "
        "the newer data. Nothing was changed.",
        remedy=Remedy(
            f"Use {other}, or make another cluster here: ",
            Command("cluster", "up", "--name", f"{name}-2"),
            f". etcd's data from before its upgrade are in {backup}; docs/troubleshooting.md says "
            "how to go back."
            if backup.exists()
            else "",
        ),
    )


def _unreadable(name: str) -> RefusedError:
    record = cluster_files.layout(name).versions
    return RefusedError(
        f"It is not known what started the cluster {name} last.",
        why=f"The record of its versions is damaged: {record}. This checkout could not read the "
        "data of a newer version. Nothing was changed.",
        remedy=Remedy(
            f"Unless that was a newer version of this program: rm {record}, and then ",
            Command("cluster", "up", "--name", name),
            ", which first copies etcd's data.",
        ),
    )


def text(versions: Versions) -> str:
    """Versions for people: "Kubernetes v1.37.2, etcd v3.7.3 and containerd v2.4.2"."""
    *most, last = [f"{name} {version}" for name, version in versions.items()]
    return " and ".join([", ".join(most), last] if most else [last])


def back_up(name: str, versions: Versions) -> Path | None:
    """Copy etcd's data, of a node that is stopped; then an older copy is removed.

    Returns:
        The copy's folder; None if etcd was never started.

    Raises:
        HostError: the data cannot be copied; the older copy stays.
    """
    layout = cluster_files.layout(name)
    if not layout.data("etcd").exists():
        return None
    layout.backup.mkdir(mode=0o700, exist_ok=True)
    unfinished, copies = layout.backup / ".unfinished", [*layout.backup.glob("etcd-*")]
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        shutil.copytree(layout.data("etcd"), unfinished)
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise HostError(
            f"etcd's data cannot be copied to {layout.backup}.",
            why=f"{error}. The cluster {name} is stopped; nothing else was changed.",
            remedy="Make room there, and run the same command again.",
        ) from error
    for copy in copies:
        shutil.rmtree(copy)
    return unfinished.rename(layout.backup / f"etcd-{versions['etcd']}")
