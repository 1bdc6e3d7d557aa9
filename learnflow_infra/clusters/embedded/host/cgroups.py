"""Pure: chooses the node's cgroups from the kernel's texts about mounts and this process.

Run on a real system: cgroup v1 (hybrid) without systemd. The cgroup v2 plans follow
docs.kernel.org's cgroup-v2 ("no internal processes", delegation) and systemd's
"Control Group APIs and Delegation"; only tables of tests cover them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

ROOT = PurePosixPath("/sys/fs/cgroup")


@dataclass(frozen=True, kw_only=True)
class Hierarchy:
    """A mounted cgroup hierarchy: its controllers ('' for v2) and the caller's folder in it."""

    controllers: str
    folder: PurePosixPath


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the node's cgroups are made.

    `version` is the one that the kubelet will use. With `unit`, a delegated systemd unit is
    started first, and the plan is made again inside it. With `evacuate`, the caller's
    siblings move into a leaf before children can get controllers (cgroup v2's rule of no
    internal processes, in a container without systemd).
    """

    version: Literal[1, 2]
    hierarchies: tuple[Hierarchy, ...]
    unit: bool = False
    evacuate: bool = False


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A cgroup file system to mount inside the node, and the links to it."""

    kind: Literal["cgroup", "cgroup2"]
    options: str
    target: PurePosixPath
    links: tuple[str, ...] = ()


def plan(
    mountinfo: str,
    self_cgroup: str,
    *,
    systemd: bool,
    in_unit: bool,
    is_root: Callable[[PurePosixPath], bool],
) -> Plan:
    """Choose the node's cgroups.

    Args:
        mountinfo: text of /proc/self/mountinfo.
        self_cgroup: text of /proc/self/cgroup.
        systemd: whether pid 1 is systemd.
        in_unit: whether this process runs in a unit that was made for the node.
        is_root: whether a v2 folder is the true root, which has no cgroup.type file; only
            it may have processes beside children with controllers.
    """
    own = _memberships(self_cgroup)
    v1 = tuple(
        Hierarchy(controllers=controllers, folder=_folder(mountinfo, controllers, path))
        for controllers, path in own.items()
        if controllers and _mount_of(mountinfo, controllers)
    )
    version: Literal[1, 2] = 1 if any(h.controllers.startswith("memory") for h in v1) else 2
    if version == 2:  # noqa: PLR2004 - a version
        v1 = (Hierarchy(controllers="", folder=_folder(mountinfo, "", own.get("", "/"))),)
    evacuate = version == 2 and not systemd and not is_root(v1[0].folder)  # noqa: PLR2004
    return Plan(version=version, hierarchies=v1, unit=systemd and not in_unit, evacuate=evacuate)


def mounts(chosen: Plan) -> tuple[Mount, ...]:
    """The cgroup file systems of the node; each shows the node's own cgroup as its root."""
    if chosen.version == 2:  # noqa: PLR2004 - a version
        return (Mount(kind="cgroup2", options="", target=ROOT),)
    return tuple(_mount_v1(h.controllers) for h in chosen.hierarchies)


def _mount_v1(controllers: str) -> Mount:
    if controllers.startswith("name="):
        target = ROOT / controllers.removeprefix("name=")
        return Mount(kind="cgroup", options=f"none,{controllers}", target=target)
    parts = controllers.split(",")
    links = tuple(parts) if len(parts) > 1 else ()
    return Mount(kind="cgroup", options=controllers, target=ROOT / controllers, links=links)


def _memberships(self_cgroup: str) -> dict[str, str]:
    """Controllers -> path; the v2 hierarchy has no controllers (cgroups(7))."""
    entries = (line.split(":", 2) for line in self_cgroup.splitlines() if line)
    return {controllers: path for _, controllers, path in entries}


def _mount_of(mountinfo: str, controllers: str) -> tuple[str, str] | None:
    """Root and mount point of a hierarchy (proc(5): fields 4, 5; type and options after '-')."""
    names = set(controllers.split(",")) if controllers else set()
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        v1 = kind == "cgroup" and names <= set(options.split(","))
        if v1 if names else kind == "cgroup2":
            fields = before.split(" ")
            return fields[3], fields[4]
    return None


def _folder(mountinfo: str, controllers: str, path: str) -> PurePosixPath:
    root, point = _mount_of(mountinfo, controllers) or ("/", str(ROOT))
    own = PurePosixPath(path)
    inside = own.relative_to(root) if own.is_relative_to(root) else own.relative_to("/")
    return PurePosixPath(point) / inside
