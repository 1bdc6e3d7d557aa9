"""A real kube-apiserver and etcd on loopback, from the binary of the embedded cluster.

No controller, scheduler or kubelet runs: tests write what these would write.
"""

import ssl
import subprocess
import time
import urllib.request

import pytest
import yaml

from learnflow_infra.clients import helm_choice
from learnflow_infra.clients.access import Access
from learnflow_infra.clients.helm import Helm
from learnflow_infra.clients.kube import Kube
from learnflow_infra.clusters.embedded.programs import binary
from learnflow_infra.clusters.target import EMBEDDED
from learnflow_infra.engine.request.session import Session
from learnflow_infra.events import ignore
from learnflow_infra.locations import Target
from learnflow_infra.readiness.watches import Watches
from tests.contract.oci import closed_registry, free_port, registry, registry_programs
from tests.contract.strimzi import served, strimzi_crds
from tests.helm3 import build as helm3_build

__all__ = ["closed_registry", "registry", "registry_programs", "served", "strimzi_crds"]

ADMIN, NOBODY, RESIDENT = "contract-admin", "contract-nobody", "contract-resident"
"""Tokens of the users of this throw-away server; a test grants what the last two may do."""

AUDIT = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata, users: [resident]}, {level: None}]
"""
"""What `ApiServer.audit` has: the requests of the resident."""


@pytest.fixture(scope="session", autouse=True)
def _helm(chosen_helm):
    """One helm for all tests."""


@pytest.fixture(scope="session")
def helm3():
    """The path of a Helm 3, which operators may use beside this project's helm."""
    return str(helm3_build.ensure())


@pytest.fixture(params=["helm 4", pytest.param("helm 3", marks=pytest.mark.full)])
def each_helm(request, monkeypatch):
    """Both programs in turn, in place of this project's helm."""
    if request.param == "helm 3":
        monkeypatch.setenv(helm_choice.VARIABLE, request.getfixturevalue("helm3"))


@pytest.fixture(scope="session")
def hyperkube():
    return binary.ensure(ignore) / "hyperkube"


def start(log, *command):
    return subprocess.Popen(list(map(str, command)), stdout=log, stderr=subprocess.STDOUT)


class ApiServer:
    """The API server and its etcd; a test may stop and start the API server."""

    def __init__(self, folder, hyperkube):
        self.folder, self.hyperkube = folder, hyperkube
        self.port, self.etcd_port, self.peer_port = free_port(), free_port(), free_port()
        self.log = (folder / "log").open("w")
        self.audit = folder / "audit.log"
        (folder / "audit.yaml").write_text(AUDIT)
        (folder / "tokens.csv").write_text(
            f'{ADMIN},admin,1,"system:masters"\n{NOBODY},nobody,2,"nobodies"\n'
            f'{RESIDENT},resident,3,"residents"\n'
        )
        key = folder / "sa.key"
        subprocess.run(
            ["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True
        )
        etcd = f"http://127.0.0.1:{self.etcd_port}"
        peer = f"http://127.0.0.1:{self.peer_port}"
        self.etcd = start(
            self.log,
            *(hyperkube, "etcd", "--data-dir", folder / "etcd"),
            *("--listen-client-urls", etcd, "--advertise-client-urls", etcd),
            *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
            *("--initial-cluster", f"default={peer}", "--unsafe-no-fsync"),
        )
        self.start()

    def start(self):
        key = self.folder / "sa.key"
        self.process = start(
            self.log,
            *(self.hyperkube, "kube-apiserver", "--bind-address", "127.0.0.1"),
            *("--secure-port", self.port, "--cert-dir", self.folder / "certs"),
            *("--etcd-servers", f"http://127.0.0.1:{self.etcd_port}"),
            *("--token-auth-file", self.folder / "tokens.csv", "--authorization-mode", "RBAC"),
            *("--service-account-issuer", "https://contract", "--service-account-key-file", key),
            *("--service-account-signing-key-file", key),
            *("--service-cluster-ip-range", "10.96.0.0/16", "--endpoint-reconciler-type", "none"),
            *("--disable-admission-plugins", "ServiceAccount"),
            *("--audit-policy-file", self.folder / "audit.yaml", "--audit-log-path", self.audit),
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not self.ready():
            time.sleep(0.1)

    def start_if_stopped(self):
        if self.process.poll() is not None:
            self.start()

    def get(self, path, timeout=10):
        context = ssl._create_unverified_context()
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {ADMIN}"}
        )
        return urllib.request.urlopen(request, context=context, timeout=timeout)

    def ready(self):
        try:
            return self.get("/readyz", timeout=1).status == 200
        except OSError:
            return False

    def stop(self, *, kill=False):
        """Terminate it, which ends the watches that it serves first; or kill it."""
        (self.process.kill if kill else self.process.terminate)()
        self.process.wait(30)

    def kubeconfig(self, path):
        def named(key, name, value):
            return {"name": name, key: value}

        server = {
            "server": f"https://127.0.0.1:{self.port}",
            "certificate-authority": str(self.folder / "certs/apiserver.crt"),
        }
        tokens = {"admin": ADMIN, "nobody": NOBODY, "resident": RESIDENT}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [named("cluster", "c", server)],
            "users": [named("user", user, {"token": token}) for user, token in tokens.items()],
            "contexts": [named("context", u, {"cluster": "c", "user": u}) for u in tokens],
        }
        path.write_text(yaml.safe_dump(config))
        return path


@pytest.fixture(scope="session")
def server(tmp_path_factory, hyperkube):
    made = ApiServer(tmp_path_factory.mktemp("apiserver"), hyperkube)
    yield made
    made.stop()
    made.etcd.terminate()
    made.etcd.wait(30)
    made.log.close()


@pytest.fixture(scope="session")
def kubeconfig(server, tmp_path_factory):
    return server.kubeconfig(tmp_path_factory.mktemp("kubeconfig") / "config")


@pytest.fixture(scope="session")
def kube(kubeconfig):
    return Kube(kubeconfig=kubeconfig, context="admin")


@pytest.fixture
def namespace(kube, request):
    name = f"t{abs(hash(request.node.nodeid)) % 10**9}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    kube.request("POST", "/api/v1/namespaces", body=body)
    return name


@pytest.fixture
def session(kube, kubeconfig, namespace):
    target = Target(kind="context", context="admin", kubeconfig=kubeconfig, profile=EMBEDDED)
    helm = Helm(kubeconfig=kubeconfig, context="admin", namespace=namespace)
    with Watches(kube) as watches:
        yield Session(
            target=target,
            namespace=namespace,
            kube=kube,
            access=Access(kube),
            helm=helm,
            emit=ignore,
            watches=watches,
        )
