"""The Kubernetes API: plain objects, by the API's own paths (`/api/v1/namespaces/x/pods`)."""

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from learnflow_infra.clients import api_errors, api_paths, retry
from learnflow_infra.clients.api_errors import ApiError, ConflictError, NotFoundError
from learnflow_infra.clients.connection import Connection, LostAnswerError, Request, read, reason
from learnflow_infra.clients.stream import Stream
from learnflow_infra.errors import ClusterUnreachableError
from learnflow_infra.objects import Object, Resource

SILENCE = 90.0
"""Seconds without a byte after which a watch counts as dead; bookmarks come every 60."""
_OK = range(200, 300)
APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
MANAGER = "learnflow-infra"
"""The field manager of what this program applies outside of helm's releases."""
HELM = "helm"
"""The field manager of helm, whatever its program is called. Source: cmd/helm/helm.go of helm."""


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
        silence: float = 30.0,
    ) -> Any:
        """Send one request and return the JSON of its answer.

        It is sent again while the server cannot be reached or is overloaded, for at most
        `patience` seconds. A request whose answer was lost may have been executed; it is sent
        again only if it is `repeatable`, as all methods but POST are by default. `silence` is how
        many seconds without a byte end the wait for an answer.

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
            timeout=(min(5.0, silence), silence),
        )
        return json.loads(self._send(request, patience))

    def _send(self, request: Request, patience: float) -> str:
        def once() -> str:
            answer = self._connection.send(request)
            text = read(answer)
            if answer.status not in _OK:
                raise self._connection.refusal(answer.status, reason(text))
            return text

        on = retry.TransientError if request.repeatable else _not_executed
        try:
            return retry.call(once, on=on, seconds=patience)
        except retry.TransientError as error:
            if request.repeatable or _not_executed(error):
                raise api_errors.silent(self.server, str(error)) from error
            raise api_errors.lost(request.method, request.url, str(error)) from error

    def text(self, url: str, *, patience: float = retry.SECONDS) -> str:
        """The body of a GET as text; raises what `request` does."""
        return self._send(Request(method="GET", url=url), patience)

    def find(self, path: str) -> Object | None:
        """The object at `path`; None if it does not exist."""
        try:
            return self.get(path)
        except NotFoundError:
            return None

    def get(self, path: str) -> Object:
        """The object at `path`.

        Raises:
            NotFoundError: it does not exist.
        """
        live: Object = self.request("GET", path)
        return live

    def create(self, collection: str, body: Object) -> Object:
        """Create an object in a collection.

        Raises:
            ConflictError: the name exists already.
        """
        created: Object = self.request("POST", collection, body=body)
        return created

    def resources(self, api_version: str) -> list[Resource]:
        """The collections and subresources of an API version; empty if it is not served."""
        try:
            answer = self.request("GET", api_paths.root(api_version))
        except NotFoundError:
            return []
        resources: list[Resource] = answer["resources"]
        return resources

    def serves(self, collection: str) -> bool:
        """Whether the kind of a collection is served; discovery needs no rights."""
        root, _, plural = collection.rpartition("/")
        version = root.partition("/namespaces/")[0].removeprefix("/apis/").removeprefix("/api/")
        return plural in {item["name"] for item in self.resources(version)}

    def items(self, path: str, *, labels: str = "") -> list[Object]:
        """The objects of a collection that a label selector (`app=web`) matches; "" matches all."""
        return self.collection(path, labels=labels)[0]

    def collection(
        self, path: str, *, labels: str = "", since: str = "", patience: float = retry.SECONDS
    ) -> tuple[list[Object], str]:
        """The objects of a collection, and the resourceVersion at which a watch continues.

        Each object gets its kind and apiVersion, which lists omit. With `since`, a version, the
        server may answer from its cache, if that is not older.
        """
        query = {"labelSelector": labels} if labels else {}
        if since:
            query |= {"resourceVersion": since, "resourceVersionMatch": "NotOlderThan"}
        answer = self.request("GET", path, query=query, patience=patience)
        kind = answer["kind"].removesuffix("List")
        items: list[Object] = answer["items"]
        for item in items:
            item.setdefault("kind", kind)
            item.setdefault("apiVersion", answer["apiVersion"])
        return items, answer["metadata"]["resourceVersion"]

    def metadata(self, path: str, *, fields: str = "") -> list[Object]:
        """The objects of a collection, only with their metadata.

        Args:
            path: of the collection.
            fields: a field selector (`type!=x`); "" matches all.
        """
        query = f"?{urlencode({'fieldSelector': fields})}" if fields else ""
        request = Request(method="GET", url=path + query, accept=_METADATA)
        items: list[Object] = json.loads(self._send(request, retry.SECONDS))["items"] or []
        return items

    def watch(self, path: str, version: str, *, silence: float = SILENCE) -> Stream:
        """The changes of a collection from a resourceVersion on, with bookmarks.

        The server ends it after five to ten minutes, as in client-go. It sends a bookmark each
        minute, so a connection without data for `SILENCE` seconds is dead; `silence` may be less.

        Raises:
            GoneError: the version is too old.
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
        answer = self._connection.send(Request(method="GET", url=url, timeout=(5.0, silence)))
        if answer.status not in _OK:
            raise self._connection.refusal(answer.status, reason(read(answer)))
        return Stream(answer.response)

    def apply(
        self,
        path: str,
        body: Object,
        *,
        dry_run: bool = False,
        manager: str = MANAGER,
        force: bool = True,
    ) -> Object:
        """Server-side apply of an object; returns the resulting one.

        Raises:
            ConflictError: without `force`, other managers set fields to other values.
        """
        query = {"fieldManager": manager, "force": str(force).lower()}
        query |= {"dryRun": "All"} if dry_run else {}
        applied: Object = self.request("PATCH", path, body=body, query=query, content_type=APPLY)
        return applied

    def merge(
        self, path: str, body: Mapping[str, Any], *, query: Mapping[str, str] | None = None
    ) -> None:
        """Change an object by a JSON merge patch (RFC 7386)."""
        self.request("PATCH", path, body=body, query=query, content_type=_MERGE)

    def delete(self, path: str, *, uid: str | None = None, orphan: bool = False) -> None:
        """Delete an object; do nothing if it is gone or has another uid.

        The objects that it owns are deleted later, or stay if they are to be orphans.
        """
        body: dict[str, Any] = {"propagationPolicy": "Orphan" if orphan else "Background"}
        if uid:
            body["preconditions"] = {"uid": uid}
        with suppress(NotFoundError, ConflictError):
            self.request("DELETE", path, body=body)

    def log_tail(self, namespace: str, pod: str, container: str, *, previous: bool) -> list[str]:
        """The last 200 lines of a container's log; empty if it has none."""
        query = {"container": container, "tailLines": "200", "previous": str(previous).lower()}
        url = f"{api_paths.pods(namespace)}/{pod}/log?{urlencode(query)}"
        try:
            return self.text(url, patience=2).splitlines()
        except (ApiError, ClusterUnreachableError):
            return []  # the container never started, or the kubelet does not answer


def _not_executed(error: BaseException) -> bool:
    return isinstance(error, retry.TransientError) and not isinstance(error, LostAnswerError)
