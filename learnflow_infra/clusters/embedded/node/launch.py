"""Starts the node's process tree, and clears what a dead one left."""

import os
import signal
import sys
import time
from pathlib import Path

from learnflow_infra.clusters.embedded import state
from learnflow_infra.clusters.embedded.control_plane import configuration
from learnflow_infra.clusters.embedded.host import privileges, requirements
from learnflow_infra.clusters.embedded.node import control_groups
from learnflow_infra.clusters.embedded.node.spec import Spec
from learnflow_infra.clusters.embedded.node.supervision import Supervisor
from learnflow_infra.clusters.embedded.process import detached, environment, output, succeeds
from learnflow_infra.errors import HostError

OUTER = "learnflow_infra.clusters.embedded.node.outer"


def start(config: state.Config, programs: Path, timeout: float = 20.0) -> state.Node:
    """Start the node and wait until its processes are recorded.

    Raises:
        HostError: it died at once; `why` is the end of its log.
    """
    layout = state.layout(config.name)
    spec_file = layout.conf / "node.json"
    _spec(config, programs).write(spec_file)
    layout.node.unlink(missing_ok=True)
    log = layout.logs / "node.log"
    command = privileges.python(OUTER, str(spec_file))
    if control_groups.current().unit:
        _start_unit(config, command, log)
        outer = None
    else:
        outer = detached(command, log)
    deadline = time.monotonic() + timeout
    while (node := state.running(config.name)) is None or not _awake(node):
        died = outer is not None and state.started(outer) is None
        if died or time.monotonic() > deadline:
            raise _not_started(log)
        time.sleep(0.02)
    return node


def _not_started(log: Path) -> HostError:
    why, remedy = tail(log), f"See {log}."
    if "Operation not permitted" in why:
        remedy = (
            "Even root may not make namespaces and mounts here, as in an ordinary container. "
            "Run on the host itself or in a privileged container (docker run --privileged), or "
            "use a minikube or kind cluster by --context."
        )
    return HostError("The node did not start.", why=why, remedy=remedy)


def _awake(node: state.Node) -> bool:
    try:
        Supervisor(node).wake()
    except OSError:
        return False
    return True


def _start_unit(config: state.Config, command: list[str], log: Path) -> None:
    """A systemd service of its own, so that logging out does not end the cluster.

    At the host's shutdown systemd asks every process in it to end: the pods', the
    supervisor, and so all components.

    Not run yet: it was written on a machine without systemd (systemd.resource-control(5),
    Delegate=; systemd-run(1)).
    """
    unit = f"--unit={config.cgroup}.service"
    streams = (f"StandardOutput=append:{log}", f"StandardError=append:{log}")
    settings = ("Delegate=yes", "TimeoutStopSec=30", "LimitNOFILE=1048576", *streams)
    properties = [f"--property={setting}" for setting in settings]
    inside = [f"--setenv={control_groups.UNIT_VARIABLE}=1", *_environment()]
    output(["systemd-run", "--collect", "--quiet", unit, *properties, *inside, *command])


def _environment() -> list[str]:
    kept = ("PATH", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME")
    return [f"--setenv={k}={v}" for k, v in environment().items() if k in kept]


def _spec(config: state.Config, programs: Path) -> Spec:
    here = Path(__file__).resolve().parents[3]
    own = [Path(sys.prefix), Path(sys.base_prefix), here, requirements.cni_folder()]
    needed = [requirements.program(name) for name in ("containerd", "runc", "nft", "ip")]
    return Spec(
        name=config.name,
        root=state.layout(config.name).root,
        bin=programs,
        keep=[*own, *(path.parent for path in needed if path)],
        node_name=config.node_name,
        node_address=str(config.node_address),
        host_address=str(config.host_address),
        link=config.link,
        cgroup=config.cgroup,
        snapshotter=config.snapshotter,
        cni=requirements.cni_folder(),
    )


def end(config: state.Config, node: state.Node | None, patience: float = 10.0) -> None:
    """Kill what is left of a node, and remove its cgroups and link; data stay.

    Args:
        config: the cluster.
        node: the processes to end; None when they are gone.
        patience: seconds that killed processes may take to be gone.
    """
    recorded = node or state.recorded(config.name)
    if recorded and recorded.boot == state.boot_id():
        _kill(recorded.init, recorded.init_start, patience)
        _kill(recorded.outer, recorded.outer_start, patience)
    layout = state.layout(config.name)
    control_groups.remove(layout.root / "cgroups.json")
    _remove_link(config.link, patience)
    layout.node.unlink(missing_ok=True)


def wait_gone(node: state.Node, patience: float) -> None:
    """Wait until the node's processes have ended by themselves, but no longer than that."""
    deadline = time.monotonic() + patience
    while state.started(node.outer) == node.outer_start and time.monotonic() < deadline:
        time.sleep(0.02)


def _kill(pid: int, begun: int, patience: float) -> None:
    deadline = time.monotonic() + patience
    while state.started(pid) == begun and time.monotonic() < deadline:
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _remove_link(link: str, patience: float) -> None:
    """The kernel takes a link away a moment after its namespace; help it when it does not."""
    deadline = time.monotonic() + min(patience, 1.0)
    while Path(f"/sys/class/net/{link}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    if Path(f"/sys/class/net/{link}").exists():
        succeeds(["ip", "link", "delete", link])


def tail(log: Path, count: int = 15) -> str:
    """The last lines of a log; empty when there is none."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return ""


def write_configuration(config: state.Config, version: str, images: dict[str, str]) -> None:
    """Write the node's configuration files and make its folders."""
    layout = state.layout(config.name)
    for part in ("etcd", "containerd", "kubelet", "volumes"):
        layout.data(part).mkdir(parents=True, exist_ok=True)
    for private in (layout.data("etcd"), layout.root / "data"):  # volumes are open to any uid
        private.chmod(0o700)
    for folder in (layout.conf, layout.logs, layout.pki):
        folder.mkdir(parents=True, exist_ok=True)
    filled = configuration.values(
        config,
        version=version,
        capable=privileges.may_use_more_resources(),
        images=images,
        cni=requirements.cni_folder(),
    )
    supervisor = configuration.supervisor(config, images["busybox"])
    configuration.write(layout.conf, filled, supervisor)
