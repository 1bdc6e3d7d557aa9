"""up, stop and delete, as root performs them (for an ordinary user through `elevate`)."""

import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from learnflow_infra import events
from learnflow_infra.clusters.embedded import bring_up, cluster_files, upgrade
from learnflow_infra.clusters.embedded.cluster_files import lock
from learnflow_infra.clusters.embedded.control_plane import api, component_options, health, pki
from learnflow_infra.clusters.embedded.host import (
    limits,
    packages,
    privileges,
    requirements,
    runc_choice,
    subnets,
)
from learnflow_infra.clusters.embedded.images import pause, pruning
from learnflow_infra.clusters.embedded.node import launch, node_processes, runtime
from learnflow_infra.clusters.embedded.node.supervision import Supervisor
from learnflow_infra.clusters.embedded.programs import binary, runc_build
from learnflow_infra.errors import HostError, NotReadyError
from learnflow_infra.events import Emit, Step

STOP_GRACE = 20
"""Seconds that containers have to end when a cluster stops."""
START_TIMEOUT = 120.0
"""Seconds until a node that was started must be ready."""
RUNNING_TIMEOUT = 45.0
"""Seconds until a node that already runs must be ready; after that it is restarted."""


def up(name: str, emit: Emit, subnet: str | None) -> None:
    """Create or start a cluster; returns when it is ready. See the package's `up`."""
    requested = subnets.parse(subnet) if subnet else None
    packages.ensure_packages(requirements.PROGRAMS, emit=emit)
    programs = binary.ensure(emit)
    runc = runc_build.ensure(emit)
    pruning.prune(programs)
    archives = pause.ensure(programs, emit)
    with events.step(emit, "cluster/start", f"Start the cluster {name}") as step:
        waiting = "waiting for another run that changes this cluster"
        with lock(f"cluster-{name}", lambda: step.progress(0, None, waiting)):
            earlier = upgrade.pending(name)
            config = bring_up.choose(name, requested)
            if earlier is None and _keep_running(config, archives):
                step.done("running", changed=False)
                return
            begun = time.monotonic()
            copy = _leave(config, earlier, emit, step) if earlier else None
            launch.end(config, None)
            limits.require_inotify()
            step.progress(0, 2, "certificates and configuration")
            bring_up.configure(config, programs, runc, archives)
            upgrade.record(name, runc_choice.version(runc))
            step.progress(1, 2, "the node's programs")
            _start(config, programs, runc, archives)
        seconds = f"; upgraded in {time.monotonic() - begun:.0f} s, in which it was down"
        upgraded = f"{seconds}; etcd's data from before: {copy}" if copy else ""
        step.done(f"node {config.node_address}{upgraded}")


def _leave(
    config: cluster_files.Config, earlier: upgrade.Versions, emit: Emit, step: Step
) -> Path | None:
    """End the node of an earlier version, and copy etcd's data; returns the copy's folder."""
    versions = f"{upgrade.text(earlier)} to {upgrade.text(upgrade.own())}"
    emit(events.Message(text=f"The cluster {config.name} is upgraded from {versions}."))
    if node := node_processes.running(config.name):
        _end_gracefully(config, node, step)
    step.progress(0, 2, "a copy of etcd's data")
    return upgrade.back_up(config.name, earlier)


def is_ready(name: str) -> bool:
    """Whether the node became ready, its API server is healthy, and the programs are cached."""
    if not node_processes.is_marked_ready(name) or not (binary.folder() / "kubectl").exists():
        return False
    try:
        return health.healthy(api.connect(cluster_files.layout(name).kubeconfig))
    except OSError:  # the kubeconfig was deleted
        return False


def _start(
    config: cluster_files.Config, programs: Path, runc: Path, archives: Mapping[str, Path]
) -> None:
    """Start the node. An error ends it; after an interrupt the next `up` continues."""
    try:
        bring_up.complete(config, launch.start(config, programs, runc), archives, START_TIMEOUT)
    except Exception:
        launch.end(config, node_processes.running(config.name))
        raise


def _keep_running(config: cluster_files.Config, archives: Mapping[str, Path]) -> bool:
    """Whether the node runs and becomes ready; a restart would end every pod."""
    node, layout = node_processes.running(config.name), cluster_files.layout(config.name)
    if node is None or not (layout.conf / "admin.conf").exists():
        return False
    if not layout.kubeconfig.exists():
        pki.write_kubeconfig(layout, config.node_name)
        privileges.give_to_sudo_user(layout.kubeconfig)
    try:
        bring_up.complete(config, node, archives, RUNNING_TIMEOUT)
    except (NotReadyError, HostError, *api.ERRORS):
        launch.end(config, node)
        return False
    return True


def stop(name: str, emit: Emit) -> None:
    """Stop the pods gracefully, then the node; all data stay."""
    with (
        events.step(emit, "cluster/stop", f"Stop the cluster {name}") as step,
        lock(f"cluster-{name}"),
    ):
        config, node = cluster_files.load(name), node_processes.running(name)
        if config and node:
            _end_gracefully(config, node, step)
            step.done()
            return
        if config:
            launch.end(config, None)
        step.done("not running" if config else "it does not exist", changed=False)


def _end_gracefully(config: cluster_files.Config, node: node_processes.Node, step: Step) -> None:
    step.progress(0, 2, "pods")
    with suppress(HostError, OSError):  # the node is ended even if its pods cannot be stopped
        Supervisor(node).stop("kubelet")
        runtime.stop_containers(node, component_options.BIN, STOP_GRACE)
    step.progress(1, 2, "node")
    with suppress(OSError):
        Supervisor(node).shutdown()
        node_processes.wait(node.outer, node.outer_start, STOP_GRACE)
    launch.end(config, node)


def delete(name: str, emit: Emit) -> None:
    """Delete a cluster with all its data."""
    with (
        events.step(emit, "cluster/delete", f"Delete the cluster {name}") as step,
        lock(f"cluster-{name}"),
    ):
        layout = cluster_files.layout(name)
        if not layout.root.exists():
            step.done("it does not exist", changed=False)
            return
        config = cluster_files.load(name)
        if config:
            launch.end(config, node_processes.running(name))
        shutil.rmtree(layout.root)
        for folder in (layout.root.parent, layout.root.parent.parent):
            with suppress(OSError):  # it holds other clusters
                folder.rmdir()
        step.done()
