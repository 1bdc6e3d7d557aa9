"""Reads the cluster with kubectl, and opens connections that start in a pod.

Python 3.9, standard library and the kubectl program only. Answers of kubectl, including Secrets,
stay in this process's memory: they are written to no file and passed in no argument.
"""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import subprocess
import tempfile
import urllib.parse
from typing import IO, Any

RELAY = """
exec 3<>"/dev/tcp/$1/$2" 4<&0 || exit 1
printf +
cat <&4 >&3 & to_server=$!
(
  trap 'kill "$to_client"' TERM
  cat <&3 & to_client=$!
  wait "$to_client"
  kill "$to_server"
  wait
) 2>/dev/null & to_client=$!
wait "$to_server"
kill "$to_client" 2>/dev/null
wait
"""
"""Runs in the pod: prints + once connected, then copies both ways until either side closes.

The script waits for each copy by its pid, because `wait -n` misses one that has already ended.
In the end it waits for both: a child that it left would stay as a zombie, because a Java program
that is the pod's first process does not reap any.
"""

UNREACHABLE_REASONS = ("ServiceUnavailable", "Timeout", "Unauthorized", "TooManyRequests")
"""Reasons of a Kubernetes Status with which the API server is unusable for every request."""


class ClusterUnreachableError(Exception):
    """The API server did not answer, or kubectl or its configuration is unusable."""


class ApiError(Exception):
    """The API server answered with a refusal.

    Attributes:
        reason: as in a Kubernetes Status, for example NotFound or Forbidden.
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Kubectl:
    """One cluster and namespace, reached with the kubectl program.

    Args:
        kubeconfig: path, or empty for kubectl's own rules.
        context: name in the kubeconfig, or empty for its current one.
        namespace: the namespace of every request.
    """

    def __init__(self, kubeconfig: str, context: str, namespace: str) -> None:
        self.namespace = namespace
        self._command = [os.environ.get("KUBECTL") or "kubectl"]
        self._command += ["--kubeconfig", kubeconfig] if kubeconfig else []
        self._command += ["--context", context] if context else []

    def get(self, resource: str, selector: str = "", timeout: float = 15) -> Any:
        """Read core/v1 objects of the namespace, without kubectl's discovery requests.

        Args:
            resource: path below the namespace, for example "pods" or "secrets/name".
            selector: label selector of a list.
            timeout: seconds.

        Raises:
            ApiError: the API server refused (NotFound, Forbidden, ...).
            ClusterUnreachableError: the API server was not reached.
        """
        path = f"/api/v1/namespaces/{urllib.parse.quote(self.namespace, safe='')}/{resource}"
        if selector:
            path += "?labelSelector=" + urllib.parse.quote(selector, safe="")
        command = [*self._command, "get", "--raw", path, f"--request-timeout={timeout:.0f}s"]
        try:
            done = subprocess.run(command, capture_output=True, timeout=timeout + 5, check=False)
        except FileNotFoundError as error:
            raise ClusterUnreachableError(
                f"the program {self._command[0]} is missing: install kubectl or set KUBECTL"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise ClusterUnreachableError(
                f"no answer from the cluster in {timeout:.0f} s"
            ) from error
        if done.returncode != 0:
            raise _refusal(done.stderr.decode("utf-8", "replace").strip())
        return json.loads(done.stdout)

    def secret(self, name: str, key: str) -> str:
        """Return one value of a Secret; bytes that are not UTF-8 become surrogates.

        Raises:
            ApiError: the Secret or key does not exist, or this user may not read it.
            ClusterUnreachableError: the API server was not reached.
        """
        data = self.get(f"secrets/{urllib.parse.quote(name, safe='')}").get("data") or {}
        if key not in data:
            raise ApiError("NotFound", f"Secret {name} has no key {key}")
        return base64.b64decode(data[key]).decode("utf-8", "surrogateescape")

    def connect_from(self, pod: str, address: tuple[str, int], timeout: float) -> socket.socket:
        """Open a TCP connection that starts in a pod, through a relay over kubectl exec.

        Closing the socket ends kubectl, and with it the relay in the pod.

        Args:
            pod: name; its first container needs bash and cat.
            address: host name (resolved in the pod) and port.
            timeout: seconds to connect, and then the socket's timeout.

        Raises:
            OSError: the relay did not connect; the text is the stderr of the pod or kubectl.
        """
        ours, theirs = socket.socketpair()
        command = [*self._command, "--namespace", self.namespace, "exec", "-i", "-q", pod, "--"]
        command += ["bash", "-c", RELAY, "relay", address[0], str(address[1])]
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the relay
        with theirs:
            end = theirs.fileno()
            process = subprocess.Popen(
                command,
                stdin=end,
                stdout=end,
                stderr=stderr,
                start_new_session=True,  # Ctrl-C must not end it: cleaning up uses this connection
            )
        relay = _RelaySocket(ours, process, stderr)
        relay.settimeout(timeout)
        try:
            connected = relay.recv(1) == b"+"
        except OSError:
            connected = False
        if not connected:
            raise ConnectionError(f"from pod {pod}: {relay.abandon()}")
        return relay


class _RelaySocket(socket.socket):
    """The local end of a socket pair; closing it ends kubectl, too."""

    def __init__(
        self, ours: socket.socket, process: subprocess.Popen[bytes], stderr: IO[bytes]
    ) -> None:
        super().__init__(ours.family, ours.type, ours.proto, fileno=ours.detach())
        self._process, self._stderr = process, stderr

    def abandon(self) -> str:
        """Close, and return the line of stderr that explains the failure."""
        if self._process.poll() is None:
            try:
                self._process.wait(0.5)  # so that its stderr is complete
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._stderr.seek(0)
        text = self._stderr.read().decode("utf-8", "replace")
        lines = [line for line in text.splitlines() if line]
        self.close()
        reasons = [line for line in lines if "exit code" not in line]
        # bash adds the script's name and line; its first message has the cause
        return re.sub(r"^relay: (line \d+: )?", "", reasons[0]) if reasons else "timed out"

    def close(self) -> None:
        """End the connection, kubectl and the relay in the pod."""
        super().close()
        if self._process.poll() is None:
            try:
                self._process.wait(
                    0.3
                )  # kubectl sees the closed stdin; then the relay in the pod ends
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._stderr.close()


def _refusal(stderr: str) -> Exception:
    """Return the error for kubectl's stderr; a refusal has a line "Error from server (REASON)".

    Lines of klog and warnings may come before it.
    """
    refused = re.search(r"^Error from server \((\w+)\)", stderr, re.MULTILINE)
    if refused and refused[1] not in UNREACHABLE_REASONS:
        return ApiError(refused[1], stderr.splitlines()[-1])
    return ClusterUnreachableError(stderr.splitlines()[-1] if stderr else "kubectl failed silently")
