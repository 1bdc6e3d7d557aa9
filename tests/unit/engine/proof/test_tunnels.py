"""A Python program listens where kubectl port-forward would: what is tested is the life of it."""

import shlex
import socket
import sys

import pytest

from learnflow_infra.engine.proof import tunnels
from learnflow_infra.errors import ClusterUnreachableError

LISTEN = (
    "import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1].split(':')[0])))\n"
    "while True: s.accept()[0].close()"
)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def endpoints(script, port):
    command = shlex.join([sys.executable, "-c", script, f"{port}:9094"])
    return {"endpoints": [{"name": "kafka", "tunnel": [command]}, {"name": "without"}]}


def test_a_tunnel_is_open_in_the_block_and_closed_after_it():
    port = free_port()
    with tunnels.opened(endpoints(LISTEN, port)):
        socket.create_connection(("127.0.0.1", port), 1).close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 1)


def test_one_that_is_open_already_is_used():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with tunnels.opened(endpoints("raise SystemExit('not needed')", port)):
            pass


def test_a_failed_tunnel_is_reported_with_kubectls_stderr():
    with (
        pytest.raises(ClusterUnreachableError, match="No tunnel") as error,
        tunnels.opened(endpoints("raise SystemExit('no such service')", free_port())),
    ):
        pass
    assert "no such service" in error.value.why
