"""The node's own images: `pause` (each pod's first container) and `busybox`.

busybox, Debian's static build, is what the volume provisioner's helper pods run. Its
package is unpacked, not installed: it would replace the host's own busybox.
"""

import hashlib
import shutil
from pathlib import Path

from learnflow_infra import events
from learnflow_infra.clusters.embedded.cluster_files import lock
from learnflow_infra.clusters.embedded.images import archive, pruning
from learnflow_infra.clusters.embedded.images.recipe import REGISTRY
from learnflow_infra.errors import ArtifactError
from learnflow_infra.events import Emit
from learnflow_infra.paths import cache_dir
from learnflow_infra.system import files
from learnflow_infra.system.programs import output

APPLETS = ("cat", "ls", "mkdir", "rm", "sh", "sleep")


def ensure(programs: Path, emit: Emit) -> dict[str, Path]:
    """Pack the images that are not in the cache; returns the archives by reference.

    Raises:
        ArtifactError: the busybox package cannot be downloaded.
    """
    with events.step(emit, "cluster/node-images", "Pack the node's own images") as step:
        with lock("node-images"):
            before = set(_folder().glob("*.tar"))
            archives = dict(
                [_image("pause", programs / "pause", ()), _image("busybox", _busybox(), APPLETS)]
            )
            changed = bool(set(archives.values()) - before)
        step.done("" if changed else "cached", changed=changed)
    return archives


def _folder() -> Path:
    folder = cache_dir() / "images"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _image(name: str, program: Path, applets: tuple[str, ...]) -> tuple[str, Path]:
    content = hashlib.sha256(program.read_bytes() + " ".join(applets).encode()).hexdigest()[:10]
    reference = f"{REGISTRY}/{name}:{content}"
    target = _folder() / f"{name}-{content}.tar"
    if not target.exists():
        _pack(program, name, applets, reference, target)
    pruning.prune(target)
    return reference, target


def _pack(program: Path, name: str, applets: tuple[str, ...], reference: str, target: Path) -> None:
    with files.scratch(cache_dir() / "tmp") as scratch:
        programs = scratch / "root" / "bin"
        programs.mkdir(parents=True)
        (scratch / "root").chmod(0o755)
        shutil.copy(program, programs / name)
        (programs / name).chmod(0o755)
        for applet in applets:
            (programs / applet).symlink_to(name)
        layer = archive.layer(scratch / "root", scratch / "layer.tar")
        settings = {"entrypoint": [f"/bin/{name}"], "env": {"PATH": "/bin"}}
        if not applets:
            settings["user"] = "65535:65535"
        with files.replacing(target) as temporary:
            archive.write(temporary, name=reference, settings=settings, content=layer)


def _busybox() -> Path:
    """Debian's static busybox, from its package."""
    target = cache_dir() / "tools" / "busybox"
    if not target.exists():
        with files.scratch(cache_dir() / "tmp") as scratch:
            script = 'cd "$1" && apt-get download -q busybox-static && dpkg-deb -x *.deb root'
            output(["sh", "-c", script, "sh", scratch])
            program = next(iter(scratch.glob("root/**/bin/busybox")), None)
            if program is None:
                raise ArtifactError("The package busybox-static has no busybox.")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(program, target)
    return target
