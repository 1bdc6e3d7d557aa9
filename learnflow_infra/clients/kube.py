"""The Kubernetes API: plain objects, by the API's own paths (`/api/v1/namespaces/x/pods`)."""

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from learnflow_infra.clients import api_errors, retry
from learnflow_infra.clients.api_errors import ApiError, ConflictError, NotFoundError
from learnflow_infra.clients.connection import Connection, LostAnswerError, Request, read, reason
from learnflow_infra.clients.stream import Stream
from learnflow_infra.errors import ClusterUnreachableError
from learnflow_infra.objects import Object, Resource

SILENCE = 90.0
"""Seconds without a byte after which a watch is taken for dead; bookmarks come every 60."""
_OK = range(200, 300)
_APPLY = "application/apply-patch+yaml"
MANAGER = "learnflow-infra"


class Kube:
    """A connection to one context of a kubeconfig."""

    def __init__(
        self, *, kubeconfig: Path | None, context: str | None, no_proxy: str | None = None
    ) -> None:
        """Read the kubeconfig; nothing is sent yet. See `Connection` for the parameters.

        Raises:
            ClusterUnreachableError: the file or the context does not exist or is malformed.
        """
        self._connection = Connection(kubeconfig=kubeconfig, context=context, no_proxy=no_proxy)
        self.server = self._connection.server

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        patience: float = retry.SECONDS,
        repeatable: bool | None = None,
    ) -> Any:
        """Send one request and return the JSON of its answer.

        It is sent again while the server cannot be reached or is overloaded, but no longer
        than `patience` seconds. A request whose answer was lost may have been carried out;
        it is sent again if it is `repeatable`. By default all methods but POST are.

        Raises:
            ApiError: the server's refusal.
            ClusterUnreachableError: no answer came.
        """
        request = Request(
            method=method,
            url=path + (f"?{urlencode(query)}" if query else ""),
            body=body,
            content_type=content_type,
            repeatable=method != "POST" if repeatable is None else repeatable,
        )
        return json.loads(self._send(request, patience))

    def _send(self, request: Request, patience: float) -> str:
        def once() -> str:
            answer = self._connection.send(request)
            text = read(answer)
            if answer.status not in _OK:
                raise api_errors.refusal(answer.status, reason(text))
            return text

        on = retry.TransientError if request.repeatable else _not_taken
        try:
            return retry.call(once, on=on, seconds=patience)
        except retry.TransientError as error:
            if request.repeatable or _not_taken(error):
                raise api_errors.silent(self.server, str(error)) from error
            raise api_errors.lost(request.method, request.url, str(error)) from error

    def text(self, url: str, *, patience: float = retry.SECONDS) -> str:
        """The body of a GET that is no JSON; raises what `request` does."""
        return self._send(Request(method="GET", url=url), patience)

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
        """The objects of a collection that a label selector (`app=web`) matches; "" matches all."""
        return self.collection(path, labels=labels)[0]

    def collection(
        self, path: str, *, labels: str = "", patience: float = retry.SECONDS
    ) -> tuple[list[Object], str]:
        """The objects of a collection, and the resourceVersion at which a watch continues.

        Each object gets the kind and apiVersion that lists leave out.
        """
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
            GoneError: the server does not know the version any more.
            ApiError: another refusal of the server.
            TransientError: no answer came.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(secrets.randbelow(300) + 300),
        }
        url = f"{path}?{urlencode(query)}"
        answer = self._connection.send(Request(method="GET", url=url, timeout=(5.0, SILENCE)))
        if answer.status not in _OK:
            raise api_errors.refusal(answer.status, reason(read(answer)))
        return Stream(answer.response)

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
        url = f"/api/v1/namespaces/{namespace}/pods/{pod}/log?{urlencode(query)}"
        try:
            return self.text(url, patience=2).splitlines()
        except (ApiError, ClusterUnreachableError):
            return []  # a container that never started has no log, or the kubelet is away


def api_root(api_version: str) -> str:
    """The path below which an API version is served."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def selector(labels: Mapping[str, str]) -> str:
    """A label selector that matches these labels."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _not_taken(error: BaseException) -> bool:
    return isinstance(error, retry.TransientError) and not isinstance(error, LostAnswerError)
