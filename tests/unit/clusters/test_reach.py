import pytest

from learnflow_infra.clusters.reach import LOCALHOST, Reach, choose, past_proxies
from learnflow_infra.locations import Target
from learnflow_infra.models import Profile

NODE, LOCAL, TUNNEL = Reach(), Reach(address=LOCALHOST), Reach(address=LOCALHOST, tunnel=True)


@pytest.mark.parametrize(
    ("kind", "context", "driver", "linux", "mac"),
    [
        ("embedded", "learnflow-learnflow", "", NODE, NODE),
        ("context", "kind-dev", "", NODE, TUNNEL),
        ("context", "k3d-dev", "", NODE, TUNNEL),
        ("context", "docker-desktop", "", LOCAL, LOCAL),
        ("context", "rancher-desktop", "", LOCAL, LOCAL),
        ("context", "orbstack", "", LOCAL, LOCAL),
        ("context", "colima-work", "", LOCAL, LOCAL),
        ("context", "company", "", NODE, NODE),
        ("minikube", "minikube", "docker", NODE, TUNNEL),
        ("minikube", "minikube", "podman", NODE, TUNNEL),
        ("minikube", "minikube", "kvm2", NODE, NODE),
        ("minikube", "minikube", "hyperkit", NODE, NODE),
    ],
)
def test_how_a_host_reaches_node_ports(kind, context, driver, linux, mac):
    target = Target(
        kind=kind, context=context, kubeconfig=None, profile=Profile("upstream"), driver=driver
    )
    assert choose(target, "Linux") == linux
    assert choose(target, "Darwin") == mac
    assert choose(target, "Windows") == mac


@pytest.mark.parametrize(
    ("kind", "server", "reach"),
    [
        ("minikube", "https://192.168.49.2:8443", NODE),
        ("minikube", "https://127.0.0.1:32771", TUNNEL),
        ("minikube", "https://localhost:32771", TUNNEL),
        ("context", "https://127.0.0.1:6443", NODE),  # kind's, whose nodes Linux reaches
    ],
)
def test_nodes_behind_a_port_of_this_host(kind, server, reach):
    target = Target(
        kind=kind, context="dev", kubeconfig=None, profile=Profile("upstream"), server=server
    )
    assert choose(target, "Linux") == reach


def test_programs_reach_a_node_of_this_host_past_proxies():
    environ = {"NO_PROXY": "localhost", "no_proxy": "", "HTTPS_PROXY": "http://proxy:3128"}
    once = past_proxies("10.213.0.2", environ)
    assert once == {"NO_PROXY": "localhost,10.213.0.2", "no_proxy": "10.213.0.2"}
    assert past_proxies("10.213.0.2", once) == once
    assert past_proxies(None, environ) == {}
