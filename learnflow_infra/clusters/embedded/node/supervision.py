"""Calls to a node's supervisor, through its socket inside the node."""

from collections.abc import Sequence
from contextlib import closing
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from learnflow_infra.clusters.embedded.node.node_processes import Node


class Supervisor:
    """supervisord's XML-RPC (supervisord.org/api.html)."""

    def __init__(self, node: Node) -> None:
        self._socket = f"unix:///proc/{node.init}/root/run/supervisor.sock"

    def _call(self, method: str, *arguments: str) -> Any:
        with closing(SupervisorTransport(None, None, self._socket)) as transport:
            server = ServerProxy("http://127.0.0.1", transport=transport)
            return getattr(server.supervisor, method)(*arguments)

    def stop(self, component: str) -> None:
        """Stop a component, and keep it stopped; nothing happens if it is stopped already."""
        try:
            self._call("stopProcess", component)
        except Fault:
            return

    def wake(self) -> None:
        """Let it start programs now: it checks them once a second, and at each call."""
        self.states()

    def shutdown(self) -> None:
        """Stop all components in reverse order, and end the node."""
        self._call("shutdown")

    def states(self) -> Sequence[tuple[str, str, int]]:
        """Name, state and pid (in the node) of each component."""
        return [(p["name"], p["statename"], p["pid"]) for p in self._call("getAllProcessInfo")]
