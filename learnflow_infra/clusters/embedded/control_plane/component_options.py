"""The command-line options of the node's programs; each is `--key=value`.

Source: what kubeadm writes (cmd/kubeadm/app/phases), for one node without leader election.
"""

from collections.abc import Mapping

BIN = "/var/lib/learnflow-bin"
CONF = "/var/lib/learnflow/conf"
PKI = "/var/lib/learnflow/pki"
API_PORT, ETCD_PORT = 6443, 2379


def flags(options: Mapping[str, str]) -> tuple[str, ...]:
    """Options as arguments."""
    return tuple(f"--{key}={value}" for key, value in options.items())


def etcd() -> dict[str, str]:
    """Client and peer connections with kubeadm's certificates; metrics on loopback only."""
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


def api_server(node_address: str) -> dict[str, str]:
    """The options of kubeadm's static pod (cmd/kubeadm/app/phases/controlplane)."""
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


def controller_manager() -> dict[str, str]:
    """The options of kubeadm's static pod, with more requests a second (`kube-api-qps`).

    It makes an account and a token for each of its 40 controllers before it starts them,
    which takes five seconds at the default of 20 requests a second.
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


def scheduler() -> dict[str, str]:
    """The options of kubeadm's static pod, without leader election."""
    config = f"{CONF}/scheduler.conf"
    return {
        "kubeconfig": config,
        "authentication-kubeconfig": config,
        "authorization-kubeconfig": config,
        "bind-address": "127.0.0.1",
        "leader-elect": "false",
    }


def kubelet(node_address: str, node_name: str) -> dict[str, str]:
    """The options of the kubelet that kubelet.yaml cannot hold."""
    return {
        "config": f"{CONF}/kubelet.yaml",
        "kubeconfig": f"{CONF}/kubelet.conf",
        "hostname-override": node_name,
        "node-ip": node_address,
    }


def volume_provisioner(node_name: str) -> dict[str, str]:
    """The options of cluster-runtime/volumes."""
    return {
        "kubeconfig": f"{CONF}/volume-provisioner.conf",
        "node": node_name,
        "folder": "/var/lib/learnflow/data/volumes",
    }
