"""A cluster of the tests' own, and a copy of the checkout to deploy from.

A deploy from the copy leaves the user's artifacts alone, and a test compares the copy's files
before and after it. Only the cache is shared with the user's own deploys.
"""

import dataclasses
import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from learnflow_infra import paths
from learnflow_infra.clusters import embedded
from learnflow_infra.clusters.embedded import cluster_files
from tests.e2e import deployer

NAME = "e2e"
CONTEXT = f"learnflow-{NAME}"
DEPLOYER = os.environ.get("LEARNFLOW_E2E_USER") == "deployer"
DAY = os.environ.get("LEARNFLOW_SAMPLE") or dt.datetime.now(tz=dt.UTC).date().isoformat()
"""The day that chooses what CI runs of the long tests: `LEARNFLOW_SAMPLE=2026-11-26 make e2e`."""
RENDERS = {"deploy", "diff", "template", "values", "doctor"}
"""Verbs that read a chart also where no record names its profile."""
LIMIT = 600
"""Seconds after which a command is taken for one that hangs; how fast one is, is no matter here."""


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@dataclass
class Product:
    """The command line of the copy, on the tests' own cluster; `before`: its first tree().

    `profile` are options of the verbs that render, where the context alone does not decide.
    """

    checkout: Path
    env: dict
    before: dict
    profile: tuple = ()

    @property
    def phase(self):
        return self.checkout / "learnflow-app/phase-2-infrastructure"

    def command(self, *args):
        options = self.profile if {*args[:1]} & RENDERS and "--profile" not in args else ()
        return [sys.executable, "-m", "learnflow_infra", *args, *options]

    def run(self, *args, env=None):
        done = subprocess.run(
            self.command(*args),
            cwd=self.checkout,
            env={**self.env, **(env or {})},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def ok(self, *args):
        done = self.run(*args)
        assert done.code == 0, done.err
        return done

    def popen(self, *args):
        return subprocess.Popen(
            self.command(*args),
            cwd=self.checkout,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,  # as a shell's job has; Ctrl-C on a terminal signals a whole group
            # a background job of a shell ignores SIGINT, and so would its children
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )

    @property
    def cluster(self):
        return embedded.status(NAME)

    def kubectl(self, *args, stdin=None):
        cluster = self.cluster
        command = [cluster.kubectl, "--kubeconfig", cluster.kubeconfig, "-n", "learnflow", *args]
        done = subprocess.run(
            list(map(str, command)),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def psql(self, sql):
        """Debian's own psql, in the pod, with the application's password."""
        script = (
            'PGPASSWORD="$(cat "$POSTGRES_PASSWORD_FILE")" '
            'psql -h 127.0.0.1 -U "$POSTGRES_USER" -d "$POSTGRES_DATABASE" -XAtq -v ON_ERROR_STOP=1'
        )
        return self.kubectl(
            "exec", "-i", "postgres-0", "--", "bash", "-c", script, stdin=sql
        ).strip()

    def kafka(self, tool, *args, stdin=None):
        """Kafka's own tools, in the pod."""
        server = ("--bootstrap-server", "kafka:9092")
        return self.kubectl("exec", "-i", "kafka-0", "--", tool, *server, *args, stdin=stdin)

    def produce(self, topic, *lines):
        text = "".join(f"{line}\n" for line in lines)
        self.kafka("kafka-console-producer.sh", "--topic", topic, stdin=text)

    def consume(self, topic, count):
        limits = ("--from-beginning", "--max-messages", str(count), "--timeout-ms", "30000")
        return self.kafka("kafka-console-consumer.sh", "--topic", topic, *limits).splitlines()


def copy_of_checkout(folder):
    left_out = shutil.ignore_patterns(".git", "learnflow-app", "__pycache__", ".*cache", ".venv")
    return Path(shutil.copytree(paths.repo_root(), folder, ignore=left_out))


@pytest.fixture(scope="session")
def product(tmp_path_factory):
    """The product with its own data directory; the cluster is deleted at the end."""
    folder = tmp_path_factory.mktemp("e2e")
    checkout = copy_of_checkout(folder / "checkout")
    os.environ["XDG_DATA_HOME"] = str(folder / "data")
    env = {**os.environ, "PYTHONPATH": str(checkout), "LEARNFLOW_CONTEXT": CONTEXT}
    made = Product(checkout=checkout, env=env, before=tree(checkout))
    try:
        made.ok("cluster", "up", "--name", NAME)
        yield as_deployer(made, folder) if DEPLOYER else made
    finally:
        deleted = made.run("cluster", "delete", "--name", NAME, "--yes")
    assert deleted.code == 0, deleted.err


def as_deployer(product, folder):
    """The product for a user with the printed Role; an administrator has loaded the images."""
    product.ok("deploy", "--no-verify")
    product.ok("delete", "--purge-data", "--yes")
    env = deployer.environment(product, deployer.grant(product, "learnflow", folder))
    return dataclasses.replace(product, env=env, profile=("--profile", "embedded"))


def pytest_collection_modifyitems(items):
    for item in items:
        mark = item.get_closest_marker("administrator")
        if DEPLOYER and mark:
            item.add_marker(pytest.mark.skip(reason=mark.args[0]))


@pytest.fixture(scope="session")
def deployed(product):
    """Both skills, deployed once for all tests that need them."""
    done = product.ok("deploy", "--output", "json")
    return SimpleNamespace(
        result=done.json, err=done.err, out=done.out, after=tree(product.checkout)
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure of these tests shows what the cluster was doing, too."""
    report = yield
    product = item.funcargs.get("product") if report.failed else None
    if product is not None:
        report.sections += state_of(product)
    return report


def state_of(product):
    """Titles and texts: pods, events, and the ends of the node's logs."""
    try:
        pods = product.kubectl("get", "pods", "-A")
        events = product.kubectl("get", "events", "-A", "--sort-by=.lastTimestamp")
        objects = pods + "\n".join(events.splitlines()[-40:])
    except Exception as error:  # noqa: BLE001 - the cluster may be what is broken
        objects = repr(error)
    yield "pods and events", objects
    for component in ("kubelet", "containerd"):
        log = cluster_files.layout(NAME).log(component)
        yield f"end of {log.name}", cluster_files.tail(log, 40)


def tree(folder):
    """Every file with its size and time, but for byte code, which is no output."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
