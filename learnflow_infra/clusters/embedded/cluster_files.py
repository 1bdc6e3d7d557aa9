"""The files of an embedded cluster: the paths below its folder, and its configuration."""

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import IO

from learnflow_infra.errors import InputError
from learnflow_infra.paths import cache_dir, data_dir
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.system import files, locks

CONTEXT_PREFIX = "learnflow-"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


def check_name(name: str) -> None:
    """Check a cluster's name: it becomes a host name, a node name and a folder.

    Raises:
        InputError: it has other characters than a-z, 0-9 and dashes, or is too long.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} is no name for a cluster.",
            why="A name has up to 40 lower case letters, digits and dashes.",
            remedy=Remedy("For example: ", Command("cluster", "up", "--name", "learnflow")),
        )


@dataclass(frozen=True, kw_only=True)
class Config:
    """The configuration of a cluster, made when it is created. `subnet` is a /30."""

    name: str
    subnet: str
    snapshotter: str = ""

    @property
    def node_address(self) -> IPv4Address:
        """The node's address, which the host reaches."""
        return IPv4Network(self.subnet)[2]

    @property
    def host_address(self) -> IPv4Address:
        """The host's end of the link."""
        return IPv4Network(self.subnet)[1]

    @property
    def link(self) -> str:
        """The host's interface: unique, because subnets are; at most 15 characters."""
        return f"lf{int(IPv4Network(self.subnet).network_address):08x}"

    @property
    def node_name(self) -> str:
        """The Kubernetes node's name, also the host name in it."""
        return CONTEXT_PREFIX + self.name

    @property
    def cgroup(self) -> str:
        """The cgroup's name below the caller's own."""
        return f"learnflow-{self.name}-{self.link}"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The paths of a cluster's files, all below the folder `root`."""

    root: Path

    @property
    def config(self) -> Path:
        """The `Config`, as JSON."""
        return self.root / "config.json"

    @property
    def node(self) -> Path:
        """The node's processes, as JSON (see node.processes)."""
        return self.root / "node.json"

    @property
    def ready(self) -> Path:
        """The processes of the node that became ready last, as JSON."""
        return self.root / "ready.json"

    @property
    def versions(self) -> Path:
        """The versions of the programs that the node was started with last (see upgrade)."""
        return self.root / "versions.json"

    @property
    def backup(self) -> Path:
        """The folder of the copy of etcd's data that an upgrade made."""
        return self.root / "backup"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, readable only by its owner."""
        return self.root / "kubeconfig"

    @property
    def pki(self) -> Path:
        """Certificates and keys, made by kubeadm."""
        return self.root / "pki"

    @property
    def conf(self) -> Path:
        """Configuration files, written at each start."""
        return self.root / "conf"

    @property
    def logs(self) -> Path:
        """/var/log of the node: a file per component, and the pods' logs."""
        return self.root / "logs"

    def log(self, component: str) -> Path:
        """The log of a component, or of the `node` itself."""
        return self.logs / f"{component}.log"

    def data(self, part: str) -> Path:
        """A folder of lasting data: etcd, containerd, kubelet, volumes."""
        return self.root / "data" / part


def layout(name: str) -> Layout:
    """The files of the cluster `name`, whether it exists or not."""
    return Layout(root=data_dir() / "clusters" / name)


def names() -> list[str]:
    """The clusters that exist, sorted."""
    return sorted(path.parent.name for path in (data_dir() / "clusters").glob("*/config.json"))


def load(name: str) -> Config | None:
    """The configuration of a cluster; None when it does not exist."""
    try:
        return Config(**json.loads(layout(name).config.read_text()))
    except FileNotFoundError:
        return None


def save(config: Config) -> None:
    """Write the configuration of a cluster, atomically."""
    files.replace(layout(config.name).config, json.dumps(asdict(config), indent=2) + "\n")


def tail(log: Path, count: int = 15) -> str:
    """The last lines of a log; empty when there is none."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return ""


def lock(name: str, waiting: Callable[[], None] = lambda: None) -> AbstractContextManager[IO[str]]:
    """Hold a lock that is shared by all processes with this cache.

    Args:
        name: of the lock.
        waiting: called once when another process holds the lock.
    """
    return locks.hold(cache_dir() / "locks" / name, waiting)
