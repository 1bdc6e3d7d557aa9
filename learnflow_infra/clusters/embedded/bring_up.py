"""The parts of `up`: decide, configure, start, wait."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network
from pathlib import Path

from learnflow_infra.clusters.embedded import state
from learnflow_infra.clusters.embedded.control_plane import addons, api, components, health, pki
from learnflow_infra.clusters.embedded.host import privileges, snapshotters, subnets
from learnflow_infra.clusters.embedded.locks import lock
from learnflow_infra.clusters.embedded.node import launch, runtime
from learnflow_infra.clusters.embedded.programs import binary
from learnflow_infra.errors import HostError


def decide(name: str, given: IPv4Network | None) -> state.Config:
    """The cluster's decisions, made now when it is new; one cluster at a time.

    Raises:
        HostError: its subnet is in use, or `given` is not the one it has.
    """
    with lock("subnets"):
        config = state.load(name)
        others = [c for other in state.names() if other != name and (c := state.load(other))]
        taken = [IPv4Network(other.subnet) for other in others]
        routes = subnets.host_routes()
        first = subnets.first_of(os.environ.get("XDG_DATA_HOME"))
        if config is None:
            return _decide_new(name, subnets.choose(given, taken, routes, first))
        if given and str(given) != config.subnet:
            raise HostError(
                f"The cluster {name} exists with subnet {config.subnet}.",
                remedy="Leave --subnet out, or delete the cluster first: "
                f"learnflow-infra cluster delete --name {name}",
            )
        subnets.require_free(IPv4Network(config.subnet), taken, routes, config.link)
        return config


def _decide_new(name: str, subnet: IPv4Network) -> state.Config:
    snapshotter = snapshotters.choose(state.layout(name).root)
    config = state.Config(name=name, subnet=str(subnet), snapshotter=snapshotter)
    state.save(config)
    return config


def configure(config: state.Config, programs: Path, archives: Mapping[str, Path]) -> None:
    """Write configuration, certificates and kubeconfigs."""
    short = {reference.rpartition("/")[2].partition(":")[0]: reference for reference in archives}
    launch.write_configuration(config, binary.version(), short)
    layout = state.layout(config.name)
    pki.ensure(layout, programs / "kubeadm", config.node_name)
    privileges.give_to_sudo_user(layout.kubeconfig)


def finish(
    config: state.Config, node: state.Node, archives: Mapping[str, Path], timeout: float
) -> None:
    """Give a started node what it needs beside its own programs, and wait until it is ready.

    It does the same again on a node that an interrupted run left behind.

    Raises:
        NotReadyError: something was not ready in `timeout` seconds.
    """
    root = api.connect(state.layout(config.name).conf / "super-admin.conf")
    waiter = health.Waiter(config, root, timeout)
    with ThreadPoolExecutor() as pool:
        try:
            parts = [
                pool.submit(_complete, config, node, root, waiter),
                pool.submit(_load, node, waiter, archives),
                pool.submit(waiter.node),
            ]
            for part in parts:
                part.result()
        except BaseException:
            waiter.cancel()
            raise
    state.mark_ready(config.name, node)


def _complete(config: state.Config, node: state.Node, root: api.Api, waiter: health.Waiter) -> None:
    """What Kubernetes needs beside its own programs."""
    waiter.api_server()
    addons.apply(root, str(config.node_address))
    (state.layout(config.name).conf / components.APPLIED).touch()
    waiter.services(node)
    waiter.controllers()


def _load(node: state.Node, waiter: health.Waiter, archives: Mapping[str, Path]) -> None:
    waiter.runtime(node)
    runtime.import_missing(node, archives)
