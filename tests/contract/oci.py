"""A real OCI registry on loopback: Debian's docker-registry, a plain process in its own folder.

It can ask for a password, be stopped and started, and lists the requests that it received.
"""

import contextlib
import hashlib
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request

import pytest
import yaml

from learnflow_infra import events
from learnflow_infra.clients import helm_program
from learnflow_infra.clusters.embedded.host import packages, requirements

PROGRAMS = {"docker-registry": "docker-registry", "skopeo": "skopeo"}
USER, PASSWORD = "reader", "secret"
HTPASSWD = f"{USER}:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"
"""The password above, by bcrypt: the only hash that this registry reads."""
CONNECT = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 1)"
REQUEST = re.compile(r'"((?:GET|HEAD|POST|PUT|PATCH|DELETE) \S+) HTTP')


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Registry:
    """One registry; references begin with its `host`.

    `inside` is a command prefix (as of nsenter) that runs the registry in another network.
    """

    def __init__(self, folder, *, credentials=False, inside=()):
        self.folder, self.port, self.process = folder, free_port(), None
        self.inside = inside
        self.host = f"127.0.0.1:{self.port}"
        self.log = folder / "log"
        config = {
            "version": 0.1,
            "log": {"level": "warn"},
            "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
            "http": {"addr": self.host},
        }
        if credentials:
            (folder / "htpasswd").write_text(HTPASSWD)
            config["auth"] = {"htpasswd": {"realm": "r", "path": str(folder / "htpasswd")}}
        self.config = folder / "config.yml"
        self.config.write_text(yaml.safe_dump(config))
        self.start()

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.inside, requirements.program("docker-registry"), "serve", self.config],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 20
        while not self.answers():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def answers(self):
        words = [*self.inside, sys.executable, "-S", "-c", CONNECT, str(self.port)]
        return subprocess.run(words, stderr=subprocess.DEVNULL, check=False).returncode == 0

    def stop(self):
        self.process.terminate()
        self.process.wait(20)

    @contextlib.contextmanager
    def stopped(self):
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextlib.contextmanager
    def frozen(self):
        """The kernel accepts connections, and no request is answered."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def requests(self):
        """The requests below /v2/, in order."""
        lines = REQUEST.findall(self.log.read_text(errors="replace"))
        return [line for line in lines if " /v2/" in line]

    def login(self, folder):
        """A folder for DOCKER_CONFIG that holds the password."""
        folder.mkdir(exist_ok=True)
        words = ["skopeo", "login", "--tls-verify=false", "--username", USER, "--password-stdin"]
        file = folder / "config.json"
        subprocess.run(
            [*words, "--authfile", file, self.host],
            input=PASSWORD.encode(),
            check=True,
            capture_output=True,
        )
        return folder

    def push_image(self, layout, name, *, config=None):
        """Push `transport:path` (an OCI layout or archive) as host/name; returns its digest."""
        digest = self.folder / "digest"
        env = {**os.environ, **({"DOCKER_CONFIG": str(config)} if config else {})}
        words = ["skopeo", "copy", "--all", "--dest-tls-verify=false", "--digestfile", digest]
        done = subprocess.run(
            [*words, layout, f"docker://{self.host}/{name}"],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return digest.read_text().strip()

    def put_manifest(self, name, tag, kind, data):
        """Push a manifest or an index unchanged."""
        request = urllib.request.Request(
            f"http://{self.host}/v2/{name}/manifests/{tag}",
            data=data,
            method="PUT",
            headers={"Content-Type": kind},
        )
        urllib.request.urlopen(request, timeout=10).close()

    def size(self, name, digest):
        """The length of a manifest that was pushed."""
        kind = "application/vnd.oci.image.manifest.v1+json"
        url = f"http://{self.host}/v2/{name}/manifests/{digest}"
        request = urllib.request.Request(url, headers={"Accept": kind})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return len(answer.read())

    def push_chart(self, archive, path=""):
        """Push a packed chart below `path`; returns the digest of its manifest."""
        done = subprocess.run(
            [
                helm_program.executable(),
                "push",
                "--plain-http",
                archive,
                f"oci://{self.host}/{path}",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return re.search(r"sha256:[0-9a-f]{64}", done.stdout + done.stderr)[0]


def package(chart, folder):
    """Pack a chart's folder; returns the archive."""
    words = [helm_program.executable(), "package", chart, "--destination", folder]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return done.stdout.strip().rpartition(" ")[2]


def layout(folder, *, text="hello", platform=("linux", "amd64")):
    """An OCI layout of one image with one small file, for `push_image`."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(kind, data, **more):
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data), **more}

    kind = "application/vnd.oci.image"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo("hello")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text.encode()))
    layer = blob(f"{kind}.layer.v1.tar", packed.getvalue())
    system, architecture = platform
    config = {
        "os": system,
        "architecture": architecture,
        "config": {"Cmd": ["/hello"]},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{kind}.manifest.v1+json",
        "config": blob(f"{kind}.config.v1+json", json.dumps(config).encode()),
        "layers": [layer],
    }
    reference = blob(f"{kind}.manifest.v1+json", json.dumps(manifest).encode())
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [reference]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return f"oci:{folder}"


@pytest.fixture(scope="session")
def registry_programs():
    packages.ensure_packages(PROGRAMS, emit=events.ignore)


@pytest.fixture
def registry(registry_programs, tmp_path_factory):
    """An empty registry that anyone may read and write."""
    made = Registry(tmp_path_factory.mktemp("registry"))
    yield made
    made.stop()


@pytest.fixture
def closed_registry(registry_programs, tmp_path_factory):
    """An empty registry that requires USER and PASSWORD."""
    made = Registry(tmp_path_factory.mktemp("registry"), credentials=True)
    yield made
    made.stop()
