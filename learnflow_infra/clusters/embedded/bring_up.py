"""The steps of `lifecycle.up`: choose a configuration, write it, wait until the node is ready."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network
from pathlib import Path

from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.clusters.embedded.cluster_files import lock
from learnflow_infra.clusters.embedded.control_plane import (
    addons,
    api,
    components,
    configuration,
    health,
    pki,
)
from learnflow_infra.clusters.embedded.host import privileges, snapshotters, subnets
from learnflow_infra.clusters.embedded.node import node_processes, runtime
from learnflow_infra.clusters.embedded.programs import binary
from learnflow_infra.errors import HostError
from learnflow_infra.remedy import Command, Remedy


def choose(name: str, subnet: IPv4Network | None) -> cluster_files.Config:
    """The configuration of a cluster; that of a new cluster is made and saved.

    Args:
        name: of the cluster.
        subnet: from `--subnet`.

    Raises:
        HostError: the cluster's subnet is in use, or `subnet` is not the one that it has.
    """
    with lock("subnets"):
        config = cluster_files.load(name)
        others = [
            c
            for other in cluster_files.names()
            if other != name and (c := cluster_files.load(other))
        ]
        taken = [IPv4Network(other.subnet) for other in others]
        routes = subnets.host_routes()
        if config is None:
            first = subnets.first_of(os.environ.get("XDG_DATA_HOME"))
            return _new(name, subnets.choose(subnet, taken, routes, first))
        if subnet and str(subnet) != config.subnet:
            raise HostError(
                f"The cluster {name} exists with subnet {config.subnet}.",
                remedy=Remedy(
                    "Leave --subnet out, or delete the cluster first: ",
                    Command("cluster", "delete", "--name", name),
                ),
            )
        subnets.require_free(IPv4Network(config.subnet), taken, routes, config.link)
        return config


def _new(name: str, subnet: IPv4Network) -> cluster_files.Config:
    snapshotter = snapshotters.choose(cluster_files.layout(name).root)
    config = cluster_files.Config(name=name, subnet=str(subnet), snapshotter=snapshotter)
    cluster_files.save(config)
    return config


def configure(
    config: cluster_files.Config, programs: Path, runc: Path, archives: Mapping[str, Path]
) -> None:
    """Make the cluster's folders, and write configuration files, certificates and kubeconfigs.

    Args:
        config: the cluster.
        programs: the folder of the built programs.
        runc: the program that runs containers.
        archives: the image of the node itself, by its reference.
    """
    layout = cluster_files.layout(config.name)
    _make_folders(layout)
    (pause_image,) = archives
    values = configuration.values(
        config,
        version=binary.version(),
        capable=privileges.may_use_more_resources(),
        pause_image=pause_image,
        runc=str(runc),
    )
    configuration.write(layout.conf, values, configuration.supervisor(config))
    pki.ensure(layout, programs / "kubeadm", config.node_name)
    privileges.give_to_sudo_user(layout.kubeconfig)


def _make_folders(layout: cluster_files.Layout) -> None:
    for part in ("etcd", "containerd", "kubelet", "volumes"):
        layout.data(part).mkdir(parents=True, exist_ok=True)
    for private in (layout.data("etcd"), layout.root / "data"):  # volumes are open to any uid
        private.chmod(0o700)
    for folder in (layout.conf, layout.logs, layout.pki):
        folder.mkdir(parents=True, exist_ok=True)


def complete(
    config: cluster_files.Config,
    node: node_processes.Node,
    archives: Mapping[str, Path],
    timeout: float,
) -> None:
    """Apply the add-ons and import the node's own image, and wait until the node is ready.

    It can be repeated on a node that an interrupted run started.

    Raises:
        NotReadyError: something was not ready in `timeout` seconds.
    """
    root = api.connect(cluster_files.layout(config.name).conf / "super-admin.conf")
    waiter = health.Waiter(config, root, timeout)
    with ThreadPoolExecutor() as pool:
        try:
            parts = [
                pool.submit(_apply_addons, config, node, root, waiter),
                pool.submit(_import_images, node, waiter, archives),
                pool.submit(waiter.node),
            ]
            for part in parts:
                part.result()
        except BaseException:
            waiter.cancel()
            raise
    node_processes.mark_ready(config.name, node)


def _apply_addons(
    config: cluster_files.Config, node: node_processes.Node, root: api.Api, waiter: health.Waiter
) -> None:
    waiter.api_server()
    addons.apply(root, str(config.node_address))
    (cluster_files.layout(config.name).conf / components.APPLIED).touch()
    waiter.services(node)
    waiter.controllers()


def _import_images(
    node: node_processes.Node, waiter: health.Waiter, archives: Mapping[str, Path]
) -> None:
    waiter.runtime(node)
    runtime.import_missing(node, archives)
