"""What helm prints of releases, as frozen values."""

import json
import re
from dataclasses import dataclass, field
from datetime import datetime

from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.documents.reading import parts
from learnflow_infra.models import Document, Values
from learnflow_infra.timestamps import seconds_of

_NOT_DONE = re.compile(
    r'(Release|Upgrade|Rollback) "[^"]*" failed|Preparing upgrade$|Initial install underway$'
)
"""Descriptions of operations that failed, or were cut off."""
_ROLLBACK = re.compile(r"Rollback to (\d+)$")


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A release as helm renders it: `values` are the user-supplied ones.

    `method` is how helm sends it: `ssa` (server-side apply), `csa` (a patch made by helm), or ""
    where helm does not say, as Helm 3, which always makes patches.
    """

    manifest: Manifest
    values: Values
    method: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True)
class Live(Rendered):
    """A revision of a release in helm's record, mostly the newest.

    `status` is Helm's (`deployed`, `failed`, `pending-upgrade`, ...); `begun` is the start of
    its last operation, in seconds since 1970; `description` is Helm's, or ours of a deploy.
    """

    revision: int
    status: str
    begun: float = 0.0
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Revision:
    """A revision in helm's history.

    `status` is Helm's; `updated` is when its operation began, in seconds since 1970; `chart` is
    the chart's name and version (`demo-1.0.0`).
    """

    revision: int
    status: str
    updated: float
    description: str
    chart: str
    app_version: str

    @property
    def was_deployed(self) -> bool:
        """Whether helm once finished an install, upgrade or rollback to this revision.

        Helm calls revisions that failed or were cut off superseded, too, once a later rollback
        fails or a later one is deployed; they keep their description.

        Source: `failRelease`, `prepareUpgrade` and `performRollback` in helm's pkg/action.
        """
        ended = self.status in {"deployed", "superseded"}
        return ended and not _NOT_DONE.match(self.description)

    @property
    def restored(self) -> int | None:
        """The revision to which this one was rolled back; None if it is no rollback."""
        match = _ROLLBACK.match(self.description)
        return int(match[1]) if match else None


def revision(document: Document) -> Revision:
    """An entry of `helm history`."""
    return Revision(
        revision=int(document["revision"]),
        status=str(document["status"]),
        updated=seconds_of(document.get("updated")),
        description=str(document.get("description", "")),
        chart=str(document.get("chart", "")),
        app_version=str(document.get("app_version", "")),
    )


def _loads(text: bytes) -> Document:
    """The JSON of a release, its numbers rounded to 64-bit floats, as helm's record has them.

    Otherwise an integer of --set above 2**53 would differ from itself at the next deploy.
    """
    document: Document = json.loads(text, parse_int=lambda digits: int(float(digits)))
    return document


def live(text: bytes) -> Live:
    """A release as `helm status` and `helm upgrade` print it, maybe after other lines."""
    document = _loads(text[text.index(b"{") :])
    info = document["info"]
    begun = datetime.fromisoformat(info.get("deleted") or info["last_deployed"])
    hooks = (f"# Source: {h['path']}\n{h['manifest']}" for h in document.get("hooks") or ())
    return Live(
        revision=int(document["version"]),
        status=str(info["status"]),
        manifest=Manifest(text=str(document.get("manifest", "")), hook_texts=tuple(hooks)),
        values=document.get("config") or {},
        begun=begun.timestamp(),
        description=str(info.get("description", "")),
        method=str(document.get("apply_method", "")),
    )


def recorded(
    entry: Revision, metadata: bytes, values: bytes, manifest: bytes, hooks: bytes
) -> Live:
    """A release of an entry of its history, and what `helm get` prints of that revision."""
    return Live(
        revision=entry.revision,
        status=entry.status,
        manifest=Manifest(
            text=manifest.decode(), hook_texts=tuple(filter(None, parts(hooks.decode())))
        ),
        values=_loads(values) or {},
        begun=entry.updated,
        description=entry.description,
        method=str(_loads(metadata).get("applyMethod", "")),
    )
