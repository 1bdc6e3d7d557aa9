"""The node's own image, `pause`: each pod's first container."""

import hashlib
import shutil
from pathlib import Path

from learnflow_infra import events
from learnflow_infra.clusters.embedded.cluster_files import lock
from learnflow_infra.clusters.embedded.images import archive, pruning
from learnflow_infra.events import Emit
from learnflow_infra.paths import cache_dir
from learnflow_infra.references import LOCAL
from learnflow_infra.system import files


def ensure(programs: Path, emit: Emit) -> dict[str, Path]:
    """Pack the image unless it is in the cache; returns its archive by its reference."""
    program = programs / "pause"
    content = hashlib.sha256(program.read_bytes()).hexdigest()[:10]
    reference = f"{LOCAL}/pause:{content}"
    target = cache_dir() / "images" / f"pause-{content}.tar"
    with events.step(emit, "cluster/node-images", "Pack the node's own image") as step:
        with lock("node-images"):
            changed = not target.exists()
            if changed:
                _pack(program, reference, target)
            pruning.prune(target)
        step.done("" if changed else "cached", changed=changed)
    return {reference: target}


def _pack(program: Path, reference: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with files.scratch(cache_dir() / "tmp") as scratch:
        binaries = scratch / "root" / "bin"
        binaries.mkdir(parents=True)
        (scratch / "root").chmod(0o755)
        shutil.copy(program, binaries / "pause")
        (binaries / "pause").chmod(0o755)
        layer = archive.layer(scratch / "root", scratch / "layer.tar")
        settings = {"entrypoint": ["/bin/pause"], "user": "65535:65535"}
        with files.replacing(target) as temporary:
            archive.write(temporary, name=reference, settings=settings, content=layer)
