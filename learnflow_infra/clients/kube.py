"""The Kubernetes API (the only import of `kubernetes`): plain documents in, plain documents out.

Paths are the API's own (`/api/v1/namespaces/x/pods`). Typed models are left aside:
they cost time to build, and every decision here is made over documents.
"""

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes import client, config

from learnflow_infra.clients import api_errors, retry
from learnflow_infra.clients.api_errors import ApiError, ConflictError, NotFoundError
from learnflow_infra.clients.stream import Stream
from learnflow_infra.errors import ClusterUnreachableError
from learnflow_infra.objects import Object, Resource
from learnflow_infra.remedy import Command, Remedy

TIMEOUT = (5.0, 30.0)
"""Seconds to connect, and to read one answer."""
SILENCE = 90.0
"""Seconds without a byte after which a watch is taken for dead; bookmarks come every 60."""
CONNECTIONS = 64
"""How many connections are kept: one for each watch, and some."""
_UNAUTHORIZED = 401
_TRANSIENT = {429, 500, 502, 503, 504}
_OK = range(200, 300)
_MERGE, _APPLY = "application/merge-patch+json", "application/apply-patch+yaml"
MANAGER = "learnflow-infra"


class Kube:
    """A connection to one context of a kubeconfig."""

    def __init__(
        self, *, kubeconfig: Path | None, context: str | None, no_proxy: str | None = None
    ) -> None:
        """Read the kubeconfig; nothing is asked yet.

        Args:
            kubeconfig: the file; None for the user's own.
            context: of the kubeconfig; None for its current one.
            no_proxy: hosts that are reached without a proxy; None for those of NO_PROXY.

        Raises:
            ClusterUnreachableError: the file or the context does not exist or is malformed.
        """
        self._kubeconfig, self._context, self._no_proxy = kubeconfig, context, no_proxy
        self._api = self._read()
        self.server: str = self._api.configuration.host

    def _read(self) -> Any:
        where = f" in {self._kubeconfig}" if self._kubeconfig else ""
        settings = client.Configuration(no_proxy=self._no_proxy)
        settings.retries = 0  # clients.retry is the one policy
        settings.connection_pool_maxsize = CONNECTIONS
        try:
            config.load_kube_config(  # type: ignore[no-untyped-call]
                config_file=str(self._kubeconfig)
                if self._kubeconfig
                else os.environ.get("KUBECONFIG"),
                context=self._context,
                client_configuration=settings,
            )
        except (config.ConfigException, OSError) as error:
            raise ClusterUnreachableError(
                f"The context {self._context or '(current)'} cannot be used{where}.",
                why=str(error),
                remedy="See the contexts with: kubectl config get-contexts",
            ) from error
        return client.ApiClient(settings)

    def _open(
        self, method: str, url: str, body: Any, content_type: str, timeout: tuple[float, float]
    ) -> Any:
        """Send one request; its answer is not read yet. Who is not known any more logs in anew."""
        for last in (False, True):
            headers = {"Accept": "application/json", "Content-Type": content_type}
            self._api.update_params_for_auth(headers, [], ["BearerToken"], url, method, body)
            try:
                answer = self._api.call_api(
                    method, self.server + url, headers, body, _request_timeout=timeout
                )
            except client.ApiException as error:  # a TLS failure, as status 0
                raise retry.TransientError(str(error.reason)) from error
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise retry.TransientError(str(error)) from error
            if answer.status != _UNAUTHORIZED or last:
                break
            self._api = self._read()  # a token that expired; another may have taken its place
        return answer

    def _once(self, method: str, url: str, body: Any, content_type: str) -> tuple[int, str]:
        answer = self._open(method, url, body, content_type, TIMEOUT)
        try:
            text = bytes(answer.read()).decode("utf-8", "replace")
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise retry.TransientError(str(error)) from error
        if answer.status in _TRANSIENT:
            raise retry.TransientError(f"{answer.status}: {_reason(text)}")
        return answer.status, text

    def text(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        patience: float = retry.SECONDS,
    ) -> str:
        """Send one request, again when the fault is transient (for `patience` seconds).

        Raises:
            ApiError: the server's refusal.
            ClusterUnreachableError: no answer came in spite of retries.
        """
        url = path + (f"?{urlencode(query)}" if query else "")
        try:
            status, text = retry.call(
                lambda: self._once(method, url, body, content_type), seconds=patience
            )
        except retry.TransientError as error:
            raise ClusterUnreachableError(
                f"The API server at {self.server} does not answer.",
                why=str(error),
                remedy=Remedy("Is the cluster running? See: ", Command("doctor")),
            ) from error
        if status not in _OK:
            raise api_errors.refusal(status, _reason(text))
        return text

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        patience: float = retry.SECONDS,
    ) -> Any:
        """Send one request, as `text` does, and read the answer as JSON."""
        text = self.text(
            method, path, body=body, query=query, content_type=content_type, patience=patience
        )
        return json.loads(text)

    def find(self, path: str) -> Object | None:
        """The object at `path`, or None when there is none."""
        try:
            return self.get(path)
        except NotFoundError:
            return None

    def get(self, path: str) -> Object:
        """The object at `path`.

        Raises:
            NotFoundError: there is none.
        """
        live: Object = self.request("GET", path)
        return live

    def create(self, collection: str, body: Object) -> Object:
        """Create an object in a collection.

        Raises:
            ConflictError: there is one of this name.
        """
        created: Object = self.request("POST", collection, body=body)
        return created

    def resources(self, api_version: str) -> list[Resource]:
        """The collections, and subresources, that an API version serves; none of an unknown one."""
        try:
            resources: list[Resource] = self.request("GET", api_root(api_version))["resources"]
        except NotFoundError:
            return []
        return resources

    def items(self, path: str, *, labels: str = "") -> list[Object]:
        """The objects of a collection; each with the kind that lists leave out.

        Args:
            path: of the collection.
            labels: a label selector, such as `app=web`; "" selects all.
        """
        return self.collection(path, labels=labels)[0]

    def collection(
        self, path: str, *, labels: str = "", patience: float = retry.SECONDS
    ) -> tuple[list[Object], str]:
        """The objects of a collection, and the resourceVersion at which a watch continues."""
        query = {"labelSelector": labels} if labels else None
        answer = self.request("GET", path, query=query, patience=patience)
        kind = answer["kind"].removesuffix("List")
        items: list[Object] = answer["items"]
        for item in items:
            item.setdefault("kind", kind)
            item.setdefault("apiVersion", answer["apiVersion"])
        return items, answer["metadata"]["resourceVersion"]

    def watch(self, path: str, version: str) -> Stream:
        """The changes of a collection from a resourceVersion on, with bookmarks.

        The server ends it after five to ten minutes, as client-go asks it to. Bookmarks come
        each minute, so a connection that is silent for longer is a dead one.

        Raises:
            ApiError: the server's refusal; 410 when it does not know the version any more.
            TransientError: no answer came.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(secrets.randbelow(300) + 300),
        }
        url = f"{path}?{urlencode(query)}"
        answer = self._open("GET", url, None, "application/json", (TIMEOUT[0], SILENCE))
        if answer.status in _OK:
            return Stream(answer.response)
        text = bytes(answer.read()).decode("utf-8", "replace")
        if answer.status in _TRANSIENT:
            raise retry.TransientError(f"{answer.status}: {_reason(text)}")
        raise api_errors.refusal(answer.status, _reason(text))

    def apply(self, path: str, body: Object, *, dry_run: bool = False) -> Object:
        """Create or update by server-side apply, owned by this program; or what that would give."""
        query = {"fieldManager": MANAGER, "force": "true"} | ({"dryRun": "All"} if dry_run else {})
        applied: Object = self.request("PATCH", path, body=body, query=query, content_type=_APPLY)
        return applied

    def delete(self, path: str, *, uid: str | None = None) -> None:
        """Delete an object; one that is gone, or is another than `uid`, is left alone."""
        body: dict[str, Any] = {"propagationPolicy": "Background"}
        if uid:
            body["preconditions"] = {"uid": uid}
        with suppress(NotFoundError, ConflictError):
            self.request("DELETE", path, body=body)

    def log_tail(self, namespace: str, pod: str, container: str, *, previous: bool) -> list[str]:
        """The last 200 lines of a container; empty when it has none (yet)."""
        query = {"container": container, "tailLines": "200", "previous": str(previous).lower()}
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        try:
            return self.text("GET", path, query=query, patience=2).splitlines()
        except (ApiError, ClusterUnreachableError):
            return []  # a container that never started has no log, or the kubelet is away


def api_root(api_version: str) -> str:
    """The path below which an API version is served."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def selector(labels: Mapping[str, str]) -> str:
    """A label selector that matches these labels."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _reason(text: str) -> str:
    try:
        return str(json.loads(text).get("message", text))
    except (ValueError, AttributeError):
        return text.strip()[:500]
