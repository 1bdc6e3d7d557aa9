"""What one embedded cluster keeps on disk, and whether its node runs."""

import json
import os
import re
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Literal

from learnflow_infra.errors import UsageError
from learnflow_infra.paths import data_dir

CONTEXT_PREFIX = "learnflow-"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


def check_name(name: str) -> None:
    """Check a cluster's name: it becomes a host name, a node name and a folder.

    Raises:
        UsageError: it holds other than lower case letters, digits and dashes, or is too long.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for a cluster.",
            why="A name has up to 40 lower case letters, digits and dashes.",
            remedy="For example: learnflow-infra cluster up --name learnflow",
        )


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """An embedded cluster as it is now."""

    name: str
    state: Literal["running", "stopped", "absent"]
    node_address: str | None
    kubeconfig: Path
    context: str
    kubectl: Path
    version: str


@dataclass(frozen=True, kw_only=True)
class Config:
    """What is decided once, when a cluster is made. `subnet` is a /30: host .1, node .2."""

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
    """Where a cluster's files are: all below one folder."""

    root: Path

    @property
    def config(self) -> Path:
        """Decisions made once, as JSON."""
        return self.root / "config.json"

    @property
    def node(self) -> Path:
        """Which processes are the node, as JSON."""
        return self.root / "node.json"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, readable by its user alone."""
        return self.root / "kubeconfig"

    @property
    def pki(self) -> Path:
        """Certificates and keys, made by kubeadm."""
        return self.root / "pki"

    @property
    def conf(self) -> Path:
        """Configuration files, written anew at each start."""
        return self.root / "conf"

    @property
    def logs(self) -> Path:
        """/var/log of the node: a file per component, and the pods' logs."""
        return self.root / "logs"

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
    """The decisions of a cluster; None when it does not exist."""
    try:
        return Config(**json.loads(layout(name).config.read_text()))
    except FileNotFoundError:
        return None


def save(config: Config) -> None:
    """Write the decisions of a cluster, whole or not at all."""
    replace(layout(config.name).config, json.dumps(asdict(config), indent=2) + "\n")


def replace(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file atomically; it never exists with more rights than `mode`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    temporary.replace(path)


@dataclass(frozen=True, kw_only=True)
class Node:
    """A running node: host pids of the outer process and of its pid 1."""

    outer: int
    outer_start: int
    init: int
    init_start: int
    boot: str


def running(name: str) -> Node | None:
    """The node of a cluster, when the recorded processes are alive and the same."""
    node = recorded(name)
    if node is None or node.boot != boot_id():
        return None
    same = started(node.outer) == node.outer_start and started(node.init) == node.init_start
    return node if same else None


def recorded(name: str) -> Node | None:
    """What was recorded of the last node, alive or not."""
    try:
        return Node(**json.loads(layout(name).node.read_text()))
    except (FileNotFoundError, ValueError):
        return None


def mark_ready(name: str, node: Node) -> None:
    """Note that this very node became ready."""
    replace(layout(name).root / "ready.json", json.dumps(asdict(node)))


def is_marked_ready(name: str) -> bool:
    """The node runs, and it is the one that was noted as ready."""
    node, noted = running(name), layout(name).root / "ready.json"
    return node is not None and noted.exists() and json.loads(noted.read_text()) == asdict(node)


def boot_id() -> str:
    """The kernel's id of this boot: pids mean nothing across boots."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def started(pid: int) -> int | None:
    """A process's start time in clock ticks (proc(5), stat field 22); None when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in {"Z", "X"} else int(fields[19])
