"""An OCI layout: images and charts by reference, each blob once, named by its digest.

Source: OCI image-spec 1.1, image-layout.md. Manifests of Docker's older kind are
kept unchanged, so that references by digest stay valid.
"""

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Required, TypedDict

from learnflow_infra.system import files, locks

NAME = "org.opencontainers.image.ref.name"
CONTAINERD = "io.containerd.image.name"
"""The annotation by which containerd names what it imports."""
_INDEXES = ("application/vnd.oci.image.index", "application/vnd.docker.distribution.manifest.list")
DAYS = 30.0
"""How many days an unused image or chart is kept in the cache."""
_HEX = re.compile(r"[0-9a-f]{64}")
_DEFAULT_TYPE = "application/vnd.oci.image.manifest.v1+json"


class Descriptor(TypedDict, total=False):
    """A descriptor of OCI's image-spec: of a manifest, a configuration or a layer."""

    mediaType: Required[str]
    digest: Required[str]
    size: Required[int]
    annotations: dict[str, str]
    urls: list[str]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A layout in a folder, which may not exist yet."""

    root: Path

    def entries(self) -> dict[str, Descriptor]:
        """Descriptors by reference."""
        index = self.root / "index.json"
        manifests = json.loads(index.read_bytes())["manifests"] if index.exists() else []
        return {item["annotations"][NAME]: item for item in manifests}

    def blob(self, digest: str) -> Path:
        """The path of a blob, which need not exist.

        Raises:
            ValueError: it is not a digest.
        """
        name = digest.removeprefix("sha256:")
        if not _HEX.fullmatch(name):
            raise ValueError(f"{digest!r} is not a SHA-256 digest.")
        return self.root / "blobs" / "sha256" / name

    def has(self, descriptor: Descriptor) -> bool:
        """Whether every blob of a descriptor exists and has its size."""
        try:
            return all(
                self.blob(b["digest"]).stat().st_size == b["size"] for b in self.of(descriptor)
            )
        except OSError:
            return False

    def of(self, descriptor: Descriptor) -> Iterator[Descriptor]:
        """A descriptor, and those of its manifests, configurations and layers.

        Raises:
            OSError: a manifest is missing.
        """
        yield descriptor
        document = json.loads(self.blob(descriptor["digest"]).read_bytes())
        if str(descriptor["mediaType"]).startswith(_INDEXES):
            for child in document["manifests"]:
                yield from self.of(child)
        else:
            yield document["config"]
            yield from (layer for layer in document["layers"] if not layer.get("urls"))

    def absorb(self, folder: Path, reference: str, **annotations: str) -> Descriptor:
        """Move what skopeo copied into a `dir:` folder into the layout, under a reference.

        Returns:
            The descriptor of the manifest.
        """
        data = (folder / "manifest.json").read_bytes()
        descriptor: Descriptor = {
            "mediaType": _media_type(json.loads(data)),
            "digest": f"sha256:{hashlib.sha256(data).hexdigest()}",
            "size": len(data),
            "annotations": {NAME: reference, CONTAINERD: reference, **annotations},
        }
        (folder / "manifest.json").rename(folder / descriptor["digest"].removeprefix("sha256:"))
        self.blob(descriptor["digest"]).parent.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            digest = path.name.removesuffix(".manifest.json")
            if digest != "version" and not digest.startswith("signature"):
                path.replace(self.blob(digest))
        self.enter([descriptor])
        return descriptor

    def adopt(self, other: "Layout", descriptors: Sequence[Descriptor]) -> None:
        """Move descriptors and their blobs from another layout on the same disk into this one."""
        blobs = {item["digest"] for each in descriptors for item in other.of(each)}
        for digest in blobs:
            self.blob(digest).parent.mkdir(parents=True, exist_ok=True)
            other.blob(digest).replace(self.blob(digest))
        self.enter(descriptors)

    def enter(self, descriptors: Sequence[Descriptor]) -> None:
        """Add descriptors, whose blobs exist, to the index, atomically."""
        self.root.mkdir(parents=True, exist_ok=True)
        with locks.hold(self.root / ".lock"):
            entries = self.entries() | {d["annotations"][NAME]: d for d in descriptors}
            files.replace(self.root / "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
            files.replace(self.root / "index.json", index_of(list(entries.values())))

    def use(self, descriptors: Sequence[Descriptor]) -> None:
        """Mark descriptors as used now, and remove what was not used for `DAYS`.

        The modification time of a manifest's file is the time of its last use.
        """
        for each in descriptors:
            os.utime(self.blob(each["digest"]))
        with locks.hold(self.root / ".lock"):
            entries = self.entries()
            kept = {name: item for name, item in entries.items() if self._recent(item)}
            if len(kept) == len(entries):
                return
            files.replace(self.root / "index.json", index_of(list(kept.values())))
            kept_blobs = {
                b["digest"] for item in kept.values() if self.has(item) for b in self.of(item)
            }
            for item in entries.keys() - kept.keys():
                self._remove(entries[item], kept_blobs)

    def _recent(self, descriptor: Descriptor) -> bool:
        path = self.blob(descriptor["digest"])
        return path.exists() and path.stat().st_mtime > time.time() - DAYS * 86400

    def _remove(self, descriptor: Descriptor, kept_blobs: set[str]) -> None:
        blobs = list(self.of(descriptor)) if self.has(descriptor) else [descriptor]
        for item in blobs:
            if item["digest"] not in kept_blobs:
                self.blob(item["digest"]).unlink(missing_ok=True)

    def spread(self, descriptor: Descriptor, folder: Path) -> None:
        """Write an image or chart in skopeo's `dir:` format, by hard links where possible."""
        folder.mkdir()
        (folder / "version").write_text("Directory Transport Version: 1.1\n")
        for item in self.of(descriptor):
            name = item["digest"].removeprefix("sha256:")
            if item is descriptor:
                name = "manifest.json"
            elif "manifest" in item["mediaType"]:
                name += ".manifest.json"
            _link(self.blob(item["digest"]), folder / name)


def _media_type(manifest: Mapping[str, Any]) -> str:
    kind = str(manifest.get("mediaType", ""))
    if not kind and "manifests" in manifest:
        return f"{_INDEXES[0]}.v1+json"
    return kind or _DEFAULT_TYPE


def index_of(descriptors: Sequence[Descriptor]) -> bytes:
    """The bytes of index.json, in the references' order."""
    manifests = sorted(descriptors, key=lambda item: item["annotations"][NAME])
    return json.dumps({"schemaVersion": 2, "manifests": manifests}, indent=1).encode()


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)
