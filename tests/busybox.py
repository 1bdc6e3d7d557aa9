"""An image for pods of tests: Debian's static busybox, packed once into the cache."""

import shutil

from learnflow_infra.clusters.embedded.cluster_files import lock
from learnflow_infra.clusters.embedded.images import archive
from learnflow_infra.clusters.embedded.node import runtime
from learnflow_infra.paths import cache_dir
from learnflow_infra.system import files
from learnflow_infra.system.programs import output

REFERENCE = "learnflow.local/busybox:tests"
APPLETS = ("cat", "id", "ls", "mkdir", "rm", "sh", "sleep", "stat")


def packed():
    """The image's archive. The package is not installed: it would replace the host's busybox."""
    target = cache_dir() / "images" / "tests-busybox.tar"
    with lock("tests-busybox"):
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            with files.scratch(cache_dir() / "tmp") as scratch:
                _pack(scratch, target)
    return target


def _pack(scratch, target):
    script = 'cd "$1" && apt-get download -q busybox-static && dpkg-deb -x *.deb package'
    output(["sh", "-c", script, "sh", scratch])
    programs = scratch / "root/bin"
    programs.mkdir(parents=True)
    (scratch / "root").chmod(0o755)
    shutil.copy(next(scratch.glob("package/**/bin/busybox")), programs)
    for applet in APPLETS:
        (programs / applet).symlink_to("busybox")
    layer = archive.layer(scratch / "root", scratch / "layer.tar")
    with files.replacing(target) as temporary:
        settings = {"entrypoint": ["/bin/busybox"], "env": {"PATH": "/bin"}}
        archive.write(temporary, name=REFERENCE, settings=settings, content=layer)


def load(node):
    """Import it into a node; returns its reference."""
    runtime.import_missing(node, {REFERENCE: packed()})
    return REFERENCE
