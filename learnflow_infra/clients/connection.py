"""HTTP to the API server of a kubeconfig's context (the only import of `kubernetes`).

The library reads the kubeconfig, logs in, and keeps connections. Its typed models are left
aside: they cost time to build, and every decision here is made over plain objects.
"""

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client, config

from learnflow_infra.clients.api_errors import ApiError, refusal
from learnflow_infra.clients.retry import TransientError
from learnflow_infra.errors import ClusterUnreachableError

CONNECTIONS = 64
"""How many connections are kept: one for each watch, and some."""
_UNAUTHORIZED, _TOO_MANY_REQUESTS, _UNAVAILABLE = 401, 429, 503
_SERVER_FAULTS = {500, 502, _UNAVAILABLE, 504}
_WRONG_TYPE = "failed to create typed patch object"
"""Source: structuredmerge.go of apimachinery's util/managedfields."""
_NOT_SENT = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)


class LostAnswerError(TransientError):
    """A request was sent, and its answer does not tell whether it was carried out."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """An HTTP request.

    Args:
        url: the path, with its query.
        timeout: seconds to connect, and to read.
        repeatable: sending it twice does what sending it once does.
    """

    method: str
    url: str
    body: Mapping[str, Any] | None = None
    content_type: str = "application/json"
    timeout: tuple[float, float] = (5.0, 30.0)
    repeatable: bool = True


class Connection:
    """Connections to one API server, shared by threads."""

    def __init__(
        self, *, kubeconfig: Path | None, context: str | None, no_proxy: str | None
    ) -> None:
        """Read the kubeconfig; nothing is sent yet.

        Args:
            kubeconfig: a file; None reads what $KUBECONFIG names.
            context: None takes the current one.
            no_proxy: hosts that are reached without a proxy; None takes those of $NO_PROXY.

        Raises:
            ClusterUnreachableError: the file or the context does not exist or is malformed.
        """
        self._kubeconfig, self._context, self._no_proxy = kubeconfig, context, no_proxy
        self._renewing = threading.Lock()
        self._client = self._read()
        self.server: str = self._client.configuration.host

    def send(self, request: Request) -> Any:
        """Send a request; the body of its answer is not read yet.

        On 401 the kubeconfig is read again, once for all threads that used the old one, and
        the request is sent once more.

        Raises:
            TransientError: it was not sent, or the server is overloaded and did not take it.
            LostAnswerError: it was sent, and no answer came, or a server's fault.
            ClusterUnreachableError: the server does not know the user.
            ApiError: a field of an apply has another type than the server's.
        """
        used = self._client
        answer = self._send(used, request)
        if answer.status == _UNAUTHORIZED:
            read(answer)  # so that its connection can be used again
            answer = self._send(self._renewed(used), request)
        if answer.status == _UNAUTHORIZED:
            raise ClusterUnreachableError(
                f"The API server at {self.server} does not accept the credentials of the context "
                f"{self._context or '(current)'}.",
                why=reason(read(answer)),
                remedy="Log in to the cluster again, as its provider describes.",
            )
        if answer.status == _TOO_MANY_REQUESTS or answer.status in _SERVER_FAULTS:
            raise _fault(answer)
        return answer

    def _send(self, api: Any, request: Request) -> Any:
        headers = {"Accept": "application/json", "Content-Type": request.content_type}
        api.update_params_for_auth(
            headers, [], ["BearerToken"], request.url, request.method, request.body
        )
        try:
            return api.call_api(
                request.method,
                self.server + request.url,
                headers,
                request.body,
                _request_timeout=request.timeout,
            )
        except urllib3.exceptions.HTTPError as error:
            unsent = isinstance(getattr(error, "reason", error), _NOT_SENT)
            raise (TransientError if unsent else LostAnswerError)(str(error)) from error
        except client.ApiException as error:  # a TLS failure
            raise LostAnswerError(str(error.reason)) from error
        except OSError as error:
            raise LostAnswerError(str(error)) from error

    def _renewed(self, used: Any) -> Any:
        with self._renewing:
            if self._client is used:  # else another thread has read the kubeconfig since
                self._client = self._read()
            return self._client

    def _read(self) -> Any:
        settings = client.Configuration(no_proxy=self._no_proxy)
        settings.retries = 0  # clients.retry is the one policy
        settings.connection_pool_maxsize = CONNECTIONS
        file = str(self._kubeconfig) if self._kubeconfig else os.environ.get("KUBECONFIG")
        try:
            config.load_kube_config(  # type: ignore[no-untyped-call]
                config_file=file, context=self._context, client_configuration=settings
            )
        except (config.ConfigException, OSError) as error:
            where = f" in {self._kubeconfig}" if self._kubeconfig else ""
            raise ClusterUnreachableError(
                f"The context {self._context or '(current)'} cannot be used{where}.",
                why=str(error),
                remedy="See the contexts with: kubectl config get-contexts",
            ) from error
        return client.ApiClient(settings)


def read(answer: Any) -> str:
    """The body of an answer.

    Raises:
        LostAnswerError: the connection ended before its end.
    """
    try:
        return bytes(answer.read()).decode("utf-8", "replace")
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise LostAnswerError(str(error)) from error


def reason(text: str) -> str:
    """The message of a Status object (meta/v1), or the start of another text."""
    try:
        return str(json.loads(text).get("message", text))
    except (ValueError, AttributeError):
        return text.strip()[:500]


def _fault(answer: Any) -> TransientError | ApiError:
    """The error of a server that is overloaded (429, or 503 with Retry-After), or at fault.

    A server-side apply with a field of another type is refused, although by 500.
    """
    text = reason(read(answer))
    if text.startswith(_WRONG_TYPE):
        return refusal(answer.status, text)
    after = str(answer.headers.get("Retry-After", ""))
    not_taken = answer.status == _TOO_MANY_REQUESTS or (answer.status == _UNAVAILABLE and after)
    kind = TransientError if not_taken else LostAnswerError
    return kind(f"{answer.status}: {text}", after=float(after) if after.isdecimal() else 0.0)
