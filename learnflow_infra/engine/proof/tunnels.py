"""Tunnels to clusters whose node ports this host does not reach."""

import shlex
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from learnflow_infra import rights
from learnflow_infra.clients.api_errors import missing_right
from learnflow_infra.errors import ClusterUnreachableError
from learnflow_infra.outputs.contracts import EndpointsDocument
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.system.processes import Process, end, started

SECONDS = 15.0
"""Seconds until a tunnel has to listen."""


@contextmanager
def opened(endpoints: EndpointsDocument) -> Iterator[None]:
    """Open the tunnels that the endpoints need (`tunnel`), and close them after the block.

    No tunnel is opened to a port on which a program listens already.

    Raises:
        ClusterUnreachableError: a tunnel cannot be opened; with the stderr of kubectl.
    """
    commands = [line for item in endpoints.get("endpoints", ()) for line in item.get("tunnel", ())]
    with ExitStack() as stack:
        for command in commands:
            stack.enter_context(_open(shlex.split(command)))
        yield


@contextmanager
def _open(command: Sequence[str]) -> Iterator[None]:
    port = int(command[-1].partition(":")[0])
    if _listens(port):
        yield
        return
    with started(command) as process:
        _wait(process, port)
        try:
            yield
        finally:
            end(process)


def _wait(process: Process, port: int) -> None:
    deadline = time.monotonic() + SECONDS
    while not _listens(port):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            stderr = (process.stderr.read() if process.stderr else b"").decode("utf-8", "replace")
            if rights.lacks_right(stderr):
                raise missing_right(stderr.strip())
            raise ClusterUnreachableError(
                f"No tunnel to port {port} could be opened.",
                why=stderr.strip() or f"Nothing listened there within {SECONDS:.0f} s.",
                remedy=Remedy("See what runs there: ", Command("status")),
            )
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
