"""The programs of the node, and the supervisor's configuration that keeps them alive."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from learnflow_infra.clusters.embedded.control_plane import component_options
from learnflow_infra.clusters.embedded.control_plane.component_options import (
    API_PORT,
    BIN,
    CONF,
    ETCD_PORT,
    flags,
)

APPLIED = "addons-applied"
"""A file of conf/ that is made after the add-ons, among them the roles of CoreDNS."""


@dataclass(frozen=True, kw_only=True)
class Component:
    """A supervised program.

    `after` are URLs that must answer before it starts (see cluster-runtime/cmd/await): a
    program that starts too early waits longer, by its own back-off.
    `order` is the supervisor's priority: the lowest starts first and stops last.
    """

    name: str
    command: str
    arguments: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    order: int = 30


def components(node_address: str, node_name: str) -> tuple[Component, ...]:
    """The programs that run on the node beside pods.

    Args:
        node_address: of the node, on which the API server listens.
        node_name: of the Kubernetes node.
    """
    listening = f"tcp://{node_address}:{API_PORT}"
    api = f"https://{node_address}:{API_PORT}/readyz"
    with_roles = (api, f"file://{CONF}/{APPLIED}")
    etcd = Component(name="etcd", command=f"{BIN}/etcd", options=component_options.etcd(), order=10)
    return (
        etcd,
        Component(
            name="containerd",
            command=f"{BIN}/containerd",
            arguments=("--config", f"{CONF}/containerd.toml"),
            order=10,
        ),
        Component(
            name="kube-apiserver",
            command=f"{BIN}/kube-apiserver",
            options=component_options.api_server(node_address),
            after=(f"tcp://127.0.0.1:{ETCD_PORT}",),
            order=20,
        ),
        _client("kube-controller-manager", component_options.controller_manager(), api),
        _client("kube-scheduler", component_options.scheduler(), api),
        _client("kube-proxy", {"config": f"{CONF}/kube-proxy.yaml"}, api),
        _client("kubelet", component_options.kubelet(node_address, node_name), listening),
        Component(
            name="coredns",
            command=f"{BIN}/coredns",
            arguments=("-conf", f"{CONF}/Corefile"),
            after=with_roles,
        ),
        Component(
            name="volume-provisioner",
            command=f"{BIN}/volume-provisioner",
            options=component_options.volume_provisioner(node_name),
            after=with_roles,
        ),
    )


def _client(name: str, settings: Mapping[str, str], after: str) -> Component:
    return Component(name=name, command=f"{BIN}/{name}", options=settings, after=(after,))


def supervised(component: Component) -> str:
    """The component's section of supervisord.conf.

    startsecs=0: a program that ends early is started again every second, for ever. With a
    start time the supervisor would give up after a few tries.
    """
    words = [component.command, *component.arguments, *flags(component.options)]
    if component.after:
        words = [f"{BIN}/await", *component.after, "--", *words]
    settings = {
        "command": " ".join(words),
        "priority": component.order,
        "startsecs": 0,
        "autorestart": "true",
        "stopwaitsecs": 5,
        "redirect_stderr": "true",
        "stdout_logfile": f"/var/log/{component.name}.log",
        "stdout_logfile_maxbytes": "5MB",
        "stdout_logfile_backups": 1,
    }
    lines = [f"[program:{component.name}]", *(f"{k} = {v}" for k, v in settings.items())]
    return "\n".join(lines) + "\n"
