"""Tunnels to clusters whose node ports this host does not reach, open while a block runs."""

import shlex
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from learnflow_infra.errors import ClusterUnreachableError
from learnflow_infra.outputs.contracts import EndpointsDocument
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.system.processes import Process, end, started

SECONDS = 15.0
"""How long a tunnel may take to listen."""


@contextmanager
def opened(endpoints: EndpointsDocument) -> Iterator[None]:
    """Open the tunnels that recorded endpoints need; one that a person holds open is used.

    Raises:
        ClusterUnreachableError: one cannot be opened; with kubectl's words.
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
            words = (process.stderr.read() if process.stderr else b"").decode("utf-8", "replace")
            raise ClusterUnreachableError(
                f"No tunnel to port {port} could be opened.",
                why=words.strip() or f"Nothing listened there within {SECONDS:.0f} s.",
                remedy=Remedy("See what runs there: ", Command("status")),
            )
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
