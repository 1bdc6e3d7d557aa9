from ipaddress import IPv4Network

import pytest

from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.clusters.embedded.host import subnets
from learnflow_infra.errors import HostError, InputError

ROUTES = subnets.parse_routes(
    [
        {"dst": "default", "gateway": "192.0.2.1", "dev": "eth0"},
        {"dst": "192.0.2.0/24", "dev": "eth0"},
        {"dst": "10.213.0.0/30", "dev": "lf0ad50000"},
        {"type": "local", "dst": "10.213.0.1", "dev": "lf0ad50000"},
        {"type": "broadcast", "dst": "192.0.2.255", "dev": "eth0"},
        {"type": "unreachable", "dst": "10.9.0.0/16"},
    ]
)
FREE = IPv4Network("10.99.0.0/30")


def test_the_default_route_is_no_conflict():
    assert all(network.prefixlen > 0 for network, _ in ROUTES)


def test_the_next_free_subnet_is_chosen():
    taken = [IPv4Network("10.213.1.0/30")]
    assert subnets.choose(None, taken, ROUTES) == IPv4Network("10.213.2.0/30")


def test_other_data_folders_begin_elsewhere():
    assert subnets.first_of(None) == 0
    assert 1 <= subnets.first_of("/tmp/x") <= 255  # noqa: S108 - only a text
    assert subnets.choose(None, [], [], 255) == IPv4Network("10.213.255.0/30")
    assert subnets.choose(None, [IPv4Network("10.213.255.0/30")], [], 255).network_address == (
        subnets.RANGE.network_address
    )


def test_a_requested_subnet_is_used():
    assert subnets.choose(FREE, [], ROUTES) == FREE


def test_no_subnet_left():
    with pytest.raises(HostError, match="in use") as caught:
        subnets.choose(None, [IPv4Network("10.0.0.0/8")], [])
    assert "--subnet" in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("subnet", "taken", "user"),
    [
        ("192.0.2.4/30", [], "eth0"),
        ("10.9.1.0/30", [], "the host"),
        ("10.99.0.0/30", [FREE], "another embedded cluster"),
        ("10.213.0.0/30", [], "lf0ad50000"),
    ],
)
def test_a_requested_subnet_in_use_is_refused(subnet, taken, user):
    with pytest.raises(HostError, match=user):
        subnets.choose(IPv4Network(subnet), taken, ROUTES)


def test_a_clusters_own_link_is_no_conflict():
    config = cluster_files.Config(name="a", subnet="10.213.0.0/30")
    subnets.require_free(IPv4Network(config.subnet), [], ROUTES, config.link)


@pytest.mark.parametrize(
    "text",
    [
        "10.213.0.0/24",
        "10.244.7.0/30",
        "10.96.0.0/30",
        "x",
        "10.0.0.1/30",
        "8.8.8.8/30",
        "0.0.0.0/30",
        "127.0.0.0/30",
        "224.0.0.0/30",
        "169.254.0.0/30",
    ],
)
def test_malformed_reserved_or_public(text):
    with pytest.raises(InputError):
        subnets.parse(text)


@pytest.mark.parametrize(
    "text", ["10.0.0.0/30", "172.31.0.4/30", "192.168.7.0/30", "100.64.0.0/30"]
)
def test_private(text):
    assert str(subnets.parse(text)) == text


def test_addresses_and_names_follow_from_the_subnet():
    config = cluster_files.Config(name="dev", subnet="10.213.3.0/30")
    assert str(config.host_address) == "10.213.3.1"
    assert str(config.node_address) == "10.213.3.2"
    assert config.link == "lf0ad50300"
    assert len(config.link) <= 15  # IFNAMSIZ - 1
    assert config.node_name == "learnflow-dev"


def test_a_link_has_vanished_if_it_was_deleted_while_ip_listed_it(tmp_path):
    (tmp_path / "if7").mkdir()
    named = ["if232", "if7", "eth0", "ifb0", ""]
    assert [subnets.vanished(name, tmp_path) for name in named] == [True, *[False] * 4]
