"""Starts the processes of a node, and removes what a node that has ended left on the host."""

import os
import sys
import time
from pathlib import Path

from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.clusters.embedded.host import privileges, requirements
from learnflow_infra.clusters.embedded.node import control_groups, node_processes
from learnflow_infra.clusters.embedded.node import outer as outer_process
from learnflow_infra.clusters.embedded.node.spec import Spec
from learnflow_infra.clusters.embedded.node.supervision import Supervisor
from learnflow_infra.errors import HostError
from learnflow_infra.system.processes import environment
from learnflow_infra.system.programs import detached, output, succeeds

KILL_TIMEOUT = 30.0
"""Seconds that the kernel may take to end a killed process, on a busy machine too."""
LINK_TIMEOUT = 1.0
"""Seconds that the kernel may take to remove the link of an ended node by itself."""
PAUSE = 0.02


def start(
    config: cluster_files.Config, programs: Path, runc: Path, timeout: float = 20.0
) -> node_processes.Node:
    """Start the node and wait until its processes are recorded and its supervisor answers.

    On an error or an interrupt the outer process is killed: it may not be recorded yet, and
    its link and cgroups would be in use at the next start. One that is not known yet, because
    the interrupt came while it was being made, ends by itself: it is not told to go on.

    Raises:
        HostError: it ended at once, or took more than `timeout` seconds; `why` is the end of
            its log.
    """
    layout = cluster_files.layout(config.name)
    spec_file = layout.conf / "node.json"
    _spec(config, programs, runc).write(spec_file)
    layout.node.unlink(missing_ok=True)
    log = layout.log("node")
    command = privileges.python(outer_process.__name__, str(spec_file))
    if control_groups.current().unit:
        _start_unit(config, command, log)
        return _wait(config, None, log, timeout)
    waits, tells = os.pipe()
    try:
        outer = detached(command, log, stdin=waits)
        start_time = node_processes.start_time(outer)
        try:
            os.write(tells, outer_process.GO)
            return _wait(config, outer, log, timeout)
        except BaseException:
            if start_time is not None:
                node_processes.kill(outer, start_time, KILL_TIMEOUT)
            raise
    finally:
        os.close(waits)
        os.close(tells)


def _wait(
    config: cluster_files.Config, outer: int | None, log: Path, timeout: float
) -> node_processes.Node:
    deadline = time.monotonic() + timeout
    while (node := node_processes.running(config.name)) is None or not _answers(node):
        ended = outer is not None and node_processes.start_time(outer) is None
        if ended or time.monotonic() > deadline:
            raise _not_started(log)
        time.sleep(PAUSE)
    return node


def _not_started(log: Path) -> HostError:
    why, remedy = cluster_files.tail(log), f"See {log}."
    if "Operation not permitted" in why:
        remedy = (
            "Even root may not make namespaces and mounts here, as in an ordinary container. "
            "Run on the host itself or in a privileged container (docker run --privileged), or "
            "use a minikube or kind cluster by --context."
        )
    return HostError("The node did not start.", why=why, remedy=remedy)


def _answers(node: node_processes.Node) -> bool:
    try:
        Supervisor(node).wake()
    except OSError:
        return False
    return True


def _start_unit(config: cluster_files.Config, command: list[str], log: Path) -> None:
    """Start the node as a systemd service, so that the cluster outlives the user's session.

    At the host's shutdown systemd sends SIGTERM to every process in it: the pods', the
    supervisor, and so all components.

    Never run on a real system: it was written on a machine without systemd
    (systemd.resource-control(5), Delegate=; systemd-run(1)).
    """
    unit = f"--unit={config.cgroup}.service"
    streams = (f"StandardOutput=append:{log}", f"StandardError=append:{log}")
    settings = ("Delegate=yes", "TimeoutStopSec=30", "LimitNOFILE=1048576", *streams)
    properties = [f"--property={setting}" for setting in settings]
    variables = [f"--setenv={control_groups.UNIT_VARIABLE}=1", *_environment()]
    output(["systemd-run", "--collect", "--quiet", unit, *properties, *variables, *command])


def _environment() -> list[str]:
    names = ("PATH", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME")
    return [f"--setenv={k}={v}" for k, v in environment().items() if k in names]


def _spec(config: cluster_files.Config, programs: Path, runc: Path) -> Spec:
    package = Path(__file__).resolve().parents[3]
    own = [Path(sys.prefix), Path(sys.base_prefix), package]
    used = [runc, *(requirements.program(name) for name in ("nft", "ip"))]
    return Spec(
        root=cluster_files.layout(config.name).root,
        bin=programs,
        keep=[*own, *(path.parent for path in used if path)],
        node_name=config.node_name,
        node_address=str(config.node_address),
        host_address=str(config.host_address),
        link=config.link,
        cgroup=config.cgroup,
    )


def end(config: cluster_files.Config, node: node_processes.Node | None) -> None:
    """Kill the processes of a node, and remove its cgroups and link; its data stay.

    Args:
        config: the cluster.
        node: its processes; None takes the recorded ones, which may have ended.
    """
    recorded = node or node_processes.recorded(config.name)
    if recorded and recorded.boot == node_processes.boot_id():
        node_processes.kill(recorded.init, recorded.init_start, KILL_TIMEOUT)
        node_processes.kill(recorded.outer, recorded.outer_start, KILL_TIMEOUT)
    layout = cluster_files.layout(config.name)
    control_groups.remove(layout.root / "cgroups.json")
    _remove_link(config.link)
    layout.node.unlink(missing_ok=True)


def _remove_link(link: str) -> None:
    """Wait until the kernel has removed the link of a namespace that ended, else remove it."""
    path, deadline = Path("/sys/class/net", link), time.monotonic() + LINK_TIMEOUT
    while path.exists() and time.monotonic() < deadline:
        time.sleep(PAUSE)
    if path.exists():
        succeeds(["ip", "link", "delete", link])
