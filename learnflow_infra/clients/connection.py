"""HTTP to the API server of a kubeconfig's context (the only import of `kubernetes`).

The library reads the kubeconfig, authenticates and pools connections. Its typed models are not
used: they are slow to build, and this program works on plain objects.
"""

import json
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client, config

from learnflow_infra.clients.api_errors import ApiError, refusal
from learnflow_infra.clients.retry import TransientError
from learnflow_infra.errors import ClusterUnreachableError

CONNECTIONS = 64
"""Size of the connection pool: one connection for each watch, and some for requests."""
DEFAULT = "~/.kube/config"
"""The kubeconfig where $KUBECONFIG is empty, as of kubectl and helm."""
_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY_REQUESTS, _UNAVAILABLE = 401, 403, 429, 503
_ANONYMOUS = 'User "system:anonymous"'
_SCHEMES = ("https://", "http://")
_LOG_IN = "Log in to the cluster again, as its provider describes."
_SERVER_FAULTS = {500, 502, _UNAVAILABLE, 504}
_NOT_CONVERTED = ("failed to create typed ", "failed to convert ")
"""How refusals of values that do not fit their fields begin, such as a Secret's bad base64.

Source: structuredmerge.go of apimachinery's util/managedfields.
"""
_NOT_SENT = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)


class LostAnswerError(TransientError):
    """A request was sent, and it is unknown whether the server executed it."""


class DamagedKubeconfigError(ClusterUnreachableError):
    """A file of the kubeconfig cannot be read, whatever the context."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """An HTTP request.

    Args:
        url: the path, with its query.
        timeout: seconds to connect, and to read.
        repeatable: the request is idempotent.
        accept: the media type of the answer.
    """

    method: str
    url: str
    body: Mapping[str, Any] | None = None
    content_type: str = "application/json"
    timeout: tuple[float, float] = (5.0, 30.0)
    repeatable: bool = True
    accept: str = "application/json"


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
            DamagedKubeconfigError: a file of the kubeconfig is malformed.
            ClusterUnreachableError: the file or the context does not exist or is malformed.
        """
        self._kubeconfig, self._context, self._no_proxy = kubeconfig, context, no_proxy
        self._renewing = threading.Lock()
        self._client = self._read()
        self.server: str = self._client.configuration.host
        if not self.server.startswith(_SCHEMES):
            raise ClusterUnreachableError(
                f"The context {context or '(current)'} names no API server: {self.server!r}.",
                why="Its address begins with https:// or http://.",
                remedy="Correct it: kubectl config set-cluster NAME --server=https://HOST:PORT",
            )

    def send(self, request: Request) -> Any:
        """Send a request; the caller reads the body of the answer.

        On 401 the kubeconfig is read again, once for all threads that used the old one, and
        the request is sent once more.

        Raises:
            TransientError: it was not sent, or the overloaded server rejected it.
            LostAnswerError: it was sent, and the answer is missing or a server error.
            ApiError: a value of an apply does not fit its field.
        """
        used = self._client
        answer = self._send(used, request)
        if answer.status == _UNAUTHORIZED:
            read(answer)  # returns its connection to the pool
            answer = self._send(self._renewed(used), request)
        if answer.status == _TOO_MANY_REQUESTS or answer.status in _SERVER_FAULTS:
            raise _fault(answer)
        return answer

    def refusal(self, status: int, message: str) -> ClusterUnreachableError | ApiError:
        """The error for an answer of the server; see `api_errors.refusal`.

        Credentials that are absent, or of a kind that the server does not know, make an
        anonymous user.
        """
        if status == _UNAUTHORIZED or (status == _FORBIDDEN and _ANONYMOUS in message):
            return ClusterUnreachableError(
                f"The API server at {self.server} does not accept the credentials of the context "
                f"{self._context or '(current)'}.",
                why=message,
                remedy=_LOG_IN,
            )
        return refusal(status, message)

    def _send(self, api: Any, request: Request) -> Any:
        headers = {"Accept": request.accept, "Content-Type": request.content_type}
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
            if self._client is used:  # else another thread has read it already
                self._client = self._read()
            return self._client

    def _read(self) -> Any:
        settings = client.Configuration(no_proxy=self._no_proxy)
        settings.retries = 0  # clients.retry is the one policy
        settings.connection_pool_maxsize = CONNECTIONS
        file = self._kubeconfig or _default()
        try:
            with _logged_errors() as failures:
                config.load_kube_config(  # type: ignore[no-untyped-call]
                    config_file=str(file), context=self._context, client_configuration=settings
                )
        except config.ConfigException as error:
            where = f" in {self._kubeconfig}" if self._kubeconfig else ""
            raise ClusterUnreachableError(
                f"The context {self._context or '(current)'} cannot be used{where}.",
                why=str(error),
                remedy="See the contexts with: kubectl config get-contexts",
            ) from error
        except Exception as error:  # of YAML, of types: the library checks little
            raise DamagedKubeconfigError(
                f"The kubeconfig {file} cannot be read.",
                why=str(error),
                remedy="Correct the file, or set KUBECONFIG to another. See: kubectl config view",
            ) from error
        if failures:
            raise ClusterUnreachableError(
                f"There are no credentials for the context {self._context or '(current)'}.",
                why=failures[-1],
                remedy=_LOG_IN,
            )
        return client.ApiClient(settings)


def current_context() -> str:
    """The current context of what $KUBECONFIG names; "" if there is none, or it cannot be read."""
    with suppress(Exception):  # of YAML, of types
        _, current = config.list_kube_config_contexts(config_file=_default())  # type: ignore[no-untyped-call]
        return str(current["name"])
    return ""


def _default() -> str:
    return os.environ.get("KUBECONFIG") or DEFAULT


@contextmanager
def _logged_errors() -> Iterator[list[str]]:
    """What the library logs, which goes on without credentials if their program (`exec`) fails."""
    messages: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        yield messages
    finally:
        logging.getLogger().removeHandler(handler)


def read(answer: Any) -> str:
    """The body of an answer.

    Raises:
        LostAnswerError: the connection ended before the body did.
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
    """The error for 429 and for server errors; 429 and 503 with Retry-After were not executed.

    A server-side apply with a value that does not fit its field gets a 500, but is a refusal.
    """
    text = reason(read(answer))
    if text.startswith(_NOT_CONVERTED):
        return refusal(answer.status, text)
    after = str(answer.headers.get("Retry-After", ""))
    rejected = answer.status == _TOO_MANY_REQUESTS or (answer.status == _UNAVAILABLE and after)
    kind = TransientError if rejected else LostAnswerError
    return kind(f"{answer.status}: {text}", after=float(after) if after.isdecimal() else 0.0)
