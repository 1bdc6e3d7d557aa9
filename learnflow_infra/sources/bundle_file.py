"""Bundles: a part of an OCI layout as one tar; reading it checks every digest."""

import hashlib
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from learnflow_infra.errors import ArtifactError
from learnflow_infra.remedy import Command, Remedy
from learnflow_infra.sources.oci_layout import NAME, Descriptor, Layout, index_of
from learnflow_infra.system import files

CHART = "learnflow.infra/chart"
"""The annotation of a chart: its `oci://` reference, as a skill names it; images have none."""
_CHUNK = 1 << 20
_DOCUMENTS = ("oci-layout", "index.json")
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading a document raises that is no JSON, or has other fields or types than OCI's."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """A chart or an image of a bundle; `chart` is its `oci://` reference, "" for an image."""

    reference: str
    digest: str
    chart: str = ""


def items(descriptors: Sequence[Descriptor]) -> list[Item]:
    """The charts and images of OCI descriptors (`annotations`, `digest`)."""
    return [
        Item(
            reference=item["annotations"][NAME],
            digest=item["digest"],
            chart=item["annotations"].get(CHART, ""),
        )
        for item in descriptors
    ]


def pack(layout: Layout, descriptors: Sequence[Descriptor], target: Path) -> None:
    """Write a layout of these descriptors as one tar, atomically."""
    blobs = {item["digest"]: item for each in descriptors for item in layout.of(each)}
    with files.replacing(target) as temporary, tarfile.open(temporary, "w") as tar:
        _add(tar, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        _add(tar, "index.json", index_of(descriptors))
        for digest in sorted(blobs):
            tar.add(layout.blob(digest), f"blobs/sha256/{layout.blob(digest).name}", filter=_plain)


def unpack(archive: Path, into: Path) -> Layout:
    """Extract a layout into an empty folder, and compare every digest.

    Raises:
        ArtifactError: it is damaged or truncated.
    """
    (into / "blobs" / "sha256").mkdir(parents=True)
    layout = Layout(root=into)
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                _unpack_member(tar, member, layout, archive)
        for reference, descriptor in layout.entries().items():
            _require_all(layout, reference, descriptor, archive)
    except (tarfile.TarError, OSError, EOFError, *_MALFORMED) as error:
        raise _damaged(archive, f"{type(error).__name__}: {error}") from error
    if not layout.entries():
        raise _damaged(archive, "It has no index.json.")
    return layout


def _unpack_member(
    tar: tarfile.TarFile, member: tarfile.TarInfo, layout: Layout, archive: Path
) -> None:
    folder, _, name = member.name.rpartition("/")
    source = tar.extractfile(member) if member.isfile() else None
    if source is None or (folder != "blobs/sha256" and member.name not in _DOCUMENTS):
        return
    target = layout.blob(name) if folder else layout.root / name
    checksum = hashlib.sha256()
    with target.open("wb") as file:
        while chunk := source.read(_CHUNK):
            checksum.update(chunk)
            file.write(chunk)
    if folder and checksum.hexdigest() != name:
        raise _damaged(archive, f"{member.name} has the digest {checksum.hexdigest()}.")


def _require_all(layout: Layout, reference: str, descriptor: Descriptor, archive: Path) -> None:
    for item in layout.of(descriptor):
        path = layout.blob(item["digest"])
        if not path.exists() or path.stat().st_size != item["size"]:
            raise _damaged(archive, f"{reference} needs {item['digest']}, which is missing.")


def _damaged(archive: Path, why: str) -> ArtifactError:
    return ArtifactError(
        f"{archive} is not a bundle, or it is damaged; nothing was loaded from it.",
        why=why,
        remedy=Remedy(
            "Copy it again, or create it again: ",
            Command("bundle", "create", "--profile", "upstream", "FILE"),
        ),
    )


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Remove owner, time and mode, so that the same content gives the same bytes."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime, member.mode = 0, 0o644
    return member


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = _plain(tarfile.TarInfo(name))
    member.size = len(data)
    tar.addfile(member, BytesIO(data))
