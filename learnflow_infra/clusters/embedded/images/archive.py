"""A root file system as an OCI image layout in one tar, as containerd imports it.

No image tool is needed: it is one uncompressed layer and three small documents. Packing
takes a second, compressing would take half a minute.
Source: OCI image-spec 1.1, image-layout.md, config.md, manifest.md.
"""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from learnflow_infra.clusters.embedded.images import build_step

_TYPE = "application/vnd.oci.image"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
EPOCH = "1970-01-01T00:00:00Z"


@dataclass(frozen=True, kw_only=True)
class Blob:
    """A file of the layout, named by its digest. `content` are its bytes, or its file."""

    media_type: str
    digest: str
    size: int
    content: bytes | Path

    def descriptor(self) -> dict[str, Any]:
        """The descriptor that refers to it in other documents."""
        return {"mediaType": self.media_type, "digest": f"sha256:{self.digest}", "size": self.size}


def layer(rootfs: Path, target: Path) -> Blob:
    """Pack a directory as a layer; the same tree gives the same bytes (sorted, times are 0).

    Raises:
        ArtifactError: tar failed.
        HostError: the disk is full.
    """
    command = ["tar", "--create", "--sort=name", "--mtime=@0", "--numeric-owner", "--format=pax"]
    command += ["--pax-option=delete=atime,delete=ctime", "--one-file-system"]
    command += ["--xattrs", "--directory", str(rootfs), ".", "--file", str(target)]
    build_step.run(command, what=f"a layer of {rootfs}", note=lambda _line: None)
    with target.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Blob(
        media_type=f"{_TYPE}.layer.v1.tar",
        digest=digest,
        size=target.stat().st_size,
        content=target,
    )


def config(layer_digest: str, settings: Mapping[str, Any]) -> Blob:
    """The image configuration from a recipe's `config` section."""
    names = {"user": "User", "entrypoint": "Entrypoint", "cmd": "Cmd"}
    names |= {"workingDir": "WorkingDir", "stopSignal": "StopSignal"}
    runtime = {name: settings[key] for key, name in names.items() if key in settings}
    runtime["Env"] = [f"{key}={value}" for key, value in settings.get("env", {}).items()]
    return _document(
        "config.v1+json",
        {
            "created": EPOCH,
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": runtime,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_digest}"]},
        },
    )


def write(target: Path, *, name: str, settings: Mapping[str, Any], content: Blob) -> None:
    """Write the layout of a one-layer image called `name` as the tar `target`."""
    configuration = config(content.digest, settings)
    manifest = _document(
        "manifest.v1+json",
        {
            "schemaVersion": 2,
            "mediaType": f"{_TYPE}.manifest.v1+json",
            "config": configuration.descriptor(),
            "layers": [content.descriptor()],
        },
    )
    named = manifest.descriptor() | {"annotations": {"io.containerd.image.name": name}}
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        _add(archive, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        _add(archive, "index.json", _json({"schemaVersion": 2, "manifests": [named]}))
        for blob in (manifest, configuration, content):
            _add(archive, f"blobs/sha256/{blob.digest}", blob.content)


def _document(kind: str, document: Mapping[str, Any]) -> Blob:
    content = _json(document)
    digest = hashlib.sha256(content).hexdigest()
    return Blob(media_type=f"{_TYPE}.{kind}", digest=digest, size=len(content), content=content)


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


def _add(archive: tarfile.TarFile, name: str, content: bytes | Path) -> None:
    info = tarfile.TarInfo(name)
    if isinstance(content, bytes):
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
        return
    info.size = content.stat().st_size
    with content.open("rb") as file:
        archive.addfile(info, file)
