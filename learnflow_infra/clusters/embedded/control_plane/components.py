"""The programs of the node, and the supervisor's configuration that keeps them alive."""

from collections.abc import Mapping
from dataclasses import dataclass, field

BIN = "/var/lib/learnflow-bin"
CONF = "/var/lib/learnflow/conf"
PKI = "/var/lib/learnflow/pki"
API_PORT, ETCD_PORT = 6443, 2379
APPLIED = "addons-applied"
"""A file of conf/ that exists once the roles of the programs beside Kubernetes do."""


@dataclass(frozen=True, kw_only=True)
class Component:
    """A supervised program.

    `after` is what must be there before it starts (see cluster-runtime/cmd/await): a
    program that starts too early waits much longer, by its own back-off.
    `order` is the supervisor's priority: what is lower starts first and stops last.
    """

    name: str
    command: str
    arguments: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    order: int = 30


def components(node_address: str, node_name: str, helper_image: str) -> tuple[Component, ...]:
    """Everything that runs on the node beside pods."""
    listening = f"tcp://{node_address}:{API_PORT}"
    api = f"https://{node_address}:{API_PORT}/readyz"
    allowed = (api, f"file://{CONF}/{APPLIED}")
    etcd = Component(name="etcd", command=f"{BIN}/etcd", options=_etcd(), order=10)
    return (
        etcd,
        Component(
            name="containerd",
            command="containerd",
            arguments=("--config", f"{CONF}/containerd.toml"),
            order=10,
        ),
        Component(
            name="kube-apiserver",
            command=f"{BIN}/kube-apiserver",
            options=_api_server(node_address),
            after=(f"tcp://127.0.0.1:{ETCD_PORT}",),
            order=20,
        ),
        _client("kube-controller-manager", _controller_manager(), api),
        _client("kube-scheduler", _scheduler(), api),
        _client("kube-proxy", {"config": f"{CONF}/kube-proxy.yaml"}, api),
        _client("kubelet", _kubelet(node_address, node_name), listening),
        Component(
            name="coredns",
            command=f"{BIN}/coredns",
            arguments=("-conf", f"{CONF}/Corefile"),
            after=allowed,
        ),
        Component(
            name="local-path-provisioner",
            command=f"{BIN}/local-path-provisioner",
            arguments=("start", *_flags(_local_path(helper_image))),
            after=allowed,
        ),
    )


def _client(name: str, options: Mapping[str, str], after: str) -> Component:
    return Component(name=name, command=f"{BIN}/{name}", options=options, after=(after,))


def _etcd() -> dict[str, str]:
    return {
        "name": "node",
        "data-dir": "/var/lib/etcd",
        "listen-client-urls": f"https://127.0.0.1:{ETCD_PORT}",
        "advertise-client-urls": f"https://127.0.0.1:{ETCD_PORT}",
        "listen-peer-urls": "https://127.0.0.1:2380",
        "initial-advertise-peer-urls": "https://127.0.0.1:2380",
        "initial-cluster": "node=https://127.0.0.1:2380",
        "listen-metrics-urls": "http://127.0.0.1:2381",
        "cert-file": f"{PKI}/etcd/server.crt",
        "key-file": f"{PKI}/etcd/server.key",
        "trusted-ca-file": f"{PKI}/etcd/ca.crt",
        "client-cert-auth": "true",
        "peer-cert-file": f"{PKI}/etcd/peer.crt",
        "peer-key-file": f"{PKI}/etcd/peer.key",
        "peer-trusted-ca-file": f"{PKI}/etcd/ca.crt",
        "peer-client-cert-auth": "true",
    }


def _api_server(node_address: str) -> dict[str, str]:
    """As kubeadm writes its static pod (cmd/kubeadm/app/phases/controlplane)."""
    return {
        "advertise-address": node_address,
        "secure-port": str(API_PORT),
        "allow-privileged": "true",
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "client-ca-file": f"{PKI}/ca.crt",
        "tls-cert-file": f"{PKI}/apiserver.crt",
        "tls-private-key-file": f"{PKI}/apiserver.key",
        "etcd-servers": f"https://127.0.0.1:{ETCD_PORT}",
        "etcd-cafile": f"{PKI}/etcd/ca.crt",
        "etcd-certfile": f"{PKI}/apiserver-etcd-client.crt",
        "etcd-keyfile": f"{PKI}/apiserver-etcd-client.key",
        "kubelet-client-certificate": f"{PKI}/apiserver-kubelet-client.crt",
        "kubelet-client-key": f"{PKI}/apiserver-kubelet-client.key",
        "kubelet-preferred-address-types": "InternalIP",
        "proxy-client-cert-file": f"{PKI}/front-proxy-client.crt",
        "proxy-client-key-file": f"{PKI}/front-proxy-client.key",
        "requestheader-client-ca-file": f"{PKI}/front-proxy-ca.crt",
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "service-account-key-file": f"{PKI}/sa.pub",
        "service-account-signing-key-file": f"{PKI}/sa.key",
        "service-cluster-ip-range": "10.96.0.0/16",
    }


def _controller_manager() -> dict[str, str]:
    """It makes an account and a token for each of its 40 controllers before it starts them.

    With its default of 20 requests a second that takes it five seconds.
    """
    config = f"{CONF}/controller-manager.conf"
    return {
        "kubeconfig": config,
        "authentication-kubeconfig": config,
        "authorization-kubeconfig": config,
        "bind-address": "127.0.0.1",
        "client-ca-file": f"{PKI}/ca.crt",
        "cluster-signing-cert-file": f"{PKI}/ca.crt",
        "cluster-signing-key-file": f"{PKI}/ca.key",
        "kube-api-burst": "400",
        "kube-api-qps": "200",
        "leader-elect": "false",
        "requestheader-client-ca-file": f"{PKI}/front-proxy-ca.crt",
        "root-ca-file": f"{PKI}/ca.crt",
        "service-account-private-key-file": f"{PKI}/sa.key",
        "use-service-account-credentials": "true",
    }


def _scheduler() -> dict[str, str]:
    config = f"{CONF}/scheduler.conf"
    return {
        "kubeconfig": config,
        "authentication-kubeconfig": config,
        "authorization-kubeconfig": config,
        "bind-address": "127.0.0.1",
        "leader-elect": "false",
    }


def _kubelet(node_address: str, node_name: str) -> dict[str, str]:
    return {
        "config": f"{CONF}/kubelet.yaml",
        "kubeconfig": f"{CONF}/kubelet.conf",
        "hostname-override": node_name,
        "node-ip": node_address,
    }


def _local_path(helper_image: str) -> dict[str, str]:
    return {
        "kubeconfig": f"{CONF}/local-path-provisioner.conf",
        "config": f"{CONF}/local-path.json",
        "helper-pod-file": f"{CONF}/helper-pod.yaml",
        "helper-image": helper_image,
        "namespace": "local-path-storage",
        "configmap-name": "local-path-config",
        "service-account-name": "local-path-helper",
    }


def _flags(options: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"--{key}={value}" for key, value in options.items())


def supervised(component: Component) -> str:
    """The component's section of supervisord.conf.

    startsecs=0: a program that ends early is started again every second, without end;
    with a start time the supervisor would give up after a few tries.
    """
    words = [component.command, *component.arguments, *_flags(component.options)]
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
