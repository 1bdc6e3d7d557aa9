"""up, stop, delete: what root does (an ordinary user gets here through `elevate`)."""

import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import IPv4Network
from pathlib import Path

from learnflow_infra import events
from learnflow_infra.clusters.embedded import (
    addons,
    api,
    binary,
    components,
    helper_images,
    host,
    images,
    launch,
    pki,
    readiness,
    snapshotters,
    state,
    subnets,
)
from learnflow_infra.clusters.embedded.locks import lock
from learnflow_infra.clusters.embedded.node import runtime
from learnflow_infra.clusters.embedded.supervision import Supervisor
from learnflow_infra.errors import ClusterUnreachableError, HostError
from learnflow_infra.events import Emit

START_TIMEOUT = 120.0
STOP_GRACE = 20
"""Seconds that containers get to end when a cluster stops."""


def up(name: str, emit: Emit, subnet: str | None) -> None:
    """Create or start a cluster; returns when it is ready. See the package's `up`."""
    given = subnets.parse_given(subnet) if subnet else None
    host.ensure_packages(host.PROGRAMS, emit=emit)
    programs = binary.ensure(emit)
    archives = helper_images.ensure(programs, emit)
    with (
        lock(f"cluster-{name}"),
        events.step(emit, "cluster/start", f"Start the cluster {name}") as step,
    ):
        if is_ready(name):
            step.done("running", changed=False)
            return
        config = _configured(name, given)
        launch.end(config, None)
        step.progress(0, 4, "certificates and configuration")
        _configure(config, programs, archives)
        step.progress(1, 4, "API server")
        node = launch.start(config, programs)
        try:
            _wait(config, node, archives)
        except BaseException:
            launch.end(config, node)
            raise
        step.done(f"node {config.node_address}")


def is_ready(name: str) -> bool:
    """The node runs and its API server says it is ready."""
    if state.running(name) is None:
        return False
    return readiness.healthy(api.connect(state.layout(name).kubeconfig))


def _configured(name: str, given: IPv4Network | None) -> state.Config:
    """The cluster's decisions, made now when it is new."""
    with lock("subnets"):
        config = state.load(name)
        others = [c for other in state.names() if other != name and (c := state.load(other))]
        taken = [IPv4Network(other.subnet) for other in others]
        routes = subnets.host_routes()
        if config is None:
            chosen = subnets.choose(given, taken, routes)
            root = state.layout(name).root
            config = state.Config(
                name=name, subnet=str(chosen), snapshotter=snapshotters.choose(root)
            )
            state.save(config)
        elif given and str(given) != config.subnet:
            raise HostError(
                f"The cluster {name} exists with subnet {config.subnet}.",
                remedy="Leave --subnet out, or delete the cluster first: "
                f"learnflow-infra cluster delete --name {name}",
            )
        else:
            subnets.require_free(IPv4Network(config.subnet), taken, routes, config.link)
    return config


def _configure(config: state.Config, programs: Path, archives: dict[str, Path]) -> None:
    short = {reference.rpartition("/")[2].partition(":")[0]: reference for reference in archives}
    launch.write_configuration(config, binary.version(), short)
    layout = state.layout(config.name)
    pki.ensure(layout, programs / "kubeadm", config.node_name)
    own_by_user(layout.kubeconfig)


def _wait(config: state.Config, node: state.Node, archives: dict[str, Path]) -> None:
    """Wait for everything at once: what comes last decides."""
    layout = state.layout(config.name)
    root = api.connect(layout.conf / "super-admin.conf")
    waiter = readiness.Waiter(config, root, START_TIMEOUT)

    def _addons() -> None:
        waiter.api_server()
        addons.apply(root, str(config.node_address))
        (layout.conf / components.APPLIED).touch()
        waiter.dns()

    def _images() -> None:
        waiter.runtime(node)
        runtime.import_missing(node, archives)

    with ThreadPoolExecutor() as pool:
        for task in [pool.submit(work) for work in (_addons, _images, waiter.node)]:
            task.result()


def load_images(name: str, recipes: Sequence[Path], emit: Emit) -> None:
    """Build what is missing and import it into the node."""
    built = {}
    for folder in recipes:
        recipe = images.ImageRecipe.load(folder)
        built[str(recipe.reference())] = images.build(recipe, emit=emit)
    node = require_running(name)
    with events.step(emit, "cluster/images", "Load images into the cluster") as step:
        new = runtime.import_missing(node, built)
        step.done(", ".join(new) or "all there", changed=bool(new))


def require_running(name: str) -> state.Node:
    """The cluster's node.

    Raises:
        ClusterUnreachableError: it does not run.
    """
    node = state.running(name)
    if node is None:
        raise ClusterUnreachableError(
            f"The embedded cluster {name} does not run.",
            remedy=f"learnflow-infra cluster up --name {name}",
        )
    return node


def stop(name: str, emit: Emit) -> None:
    """Stop pods gracefully, then the node; all data stay."""
    with (
        lock(f"cluster-{name}"),
        events.step(emit, "cluster/stop", f"Stop the cluster {name}") as step,
    ):
        config, node = state.load(name), state.running(name)
        if config is None or node is None:
            if config:
                launch.end(config, None)
            step.done("not running", changed=False)
            return
        step.progress(0, 2, "pods")
        _stop_pods(node)
        step.progress(1, 2, "node")
        _shut_down(config, node)
        step.done()


def _stop_pods(node: state.Node) -> None:
    with suppress(HostError, OSError):  # a node too broken to stop its pods is ended anyway
        Supervisor(node).stop("kubelet")
        runtime.stop_containers(node, components.BIN, STOP_GRACE)


def _shut_down(config: state.Config, node: state.Node) -> None:
    with suppress(OSError):
        Supervisor(node).shutdown()
        launch.wait_gone(node, 20.0)
    launch.end(config, node)


def delete(name: str, emit: Emit) -> None:
    """Remove a cluster and all its data."""
    with (
        lock(f"cluster-{name}"),
        events.step(emit, "cluster/delete", f"Delete the cluster {name}") as step,
    ):
        layout = state.layout(name)
        if not layout.root.exists():
            step.done("there was none", changed=False)
            return
        config = state.load(name)
        if config:
            launch.end(config, state.running(name))
        shutil.rmtree(layout.root)
        for folder in (layout.root.parent, layout.root.parent.parent):
            with suppress(OSError):  # other clusters are in it
                folder.rmdir()
        step.done()


def own_by_user(path: Path) -> None:
    """Give a file to the user who called sudo."""
    if "SUDO_UID" in os.environ and os.geteuid() == 0:
        os.chown(path, int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"]))
