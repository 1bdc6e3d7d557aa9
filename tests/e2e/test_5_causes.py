"""Real deployments that cannot become ready: the first cause reported has the expected code.

Several cases run at a time, each in its own namespace and from its own copy of the checkout,
because a checkout works on one namespace at a time.
"""

import dataclasses
import datetime as dt
import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

import pytest
import yaml

from learnflow_infra.clusters import embedded
from learnflow_infra.clusters.embedded import lifecycle
from learnflow_infra.clusters.embedded.node import node_processes
from learnflow_infra.clusters.embedded.node.supervision import Supervisor
from learnflow_infra.documents import schema_faults
from tests import busybox
from tests.cluster.conftest import eventually
from tests.e2e.broken.cases import CASES, FOUNDATION, affinity
from tests.e2e.broken.objects import adopted, deployment, pod
from tests.e2e.broken.registries import serving
from tests.e2e.broken.skill import NAME, RELEASE, add_to
from tests.e2e.conftest import DAY, copy_of_checkout
from tests.e2e.conftest import NAME as E2E

pytestmark = pytest.mark.e2e
AT_ONCE = 3
CRASH = next(case for case in CASES if case.name == "crash")
PORT = ("--set", "postgres.externalAccess.service.nodePorts.postgresql=31998")
LINES = ("--progress", "-o", "json")
FIRST = re.compile(r"^\s*Cause (\w+):", re.MULTILINE)


def labelled(name):
    """A pod that is no part of the release, and beside which one with that affinity may run."""
    beside = pod(name)
    beside["metadata"]["labels"] = {"app": name}
    return beside


class Broken:
    """The command line of several copies of the checkout, each used by one case at a time."""

    def __init__(self, product, folder):
        self.product, self.folder = product, folder
        self.image = busybox.load(node_processes.running(E2E))
        # A deploy asks the node's status, where a new image is listed up to 40 s later.
        eventually(lambda: self.image in embedded.known_images(E2E))
        self.copies = Queue()
        for number in range(AT_ONCE):
            checkout = copy_of_checkout(folder / f"checkout{number}")
            add_to(checkout, self.image)
            env = {**product.env, "PYTHONPATH": str(checkout)}
            self.copies.put(dataclasses.replace(product, checkout=checkout, env=env))

    def kubectl(self, namespace, *args, stdin=None):
        return self.product.kubectl("-n", namespace, *args, stdin=stdin)

    def apply(self, namespace, *objects):
        items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        words = ("apply", "--server-side", "--force-conflicts", "-f", "-")
        self.kubectl(namespace, *words, stdin=self.text(items))

    def text(self, document):
        return json.dumps(document).replace('"IMAGE"', json.dumps(self.image))

    def namespace(self, name, labels=None):
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        space["metadata"]["labels"] = labels or {}
        self.product.kubectl("apply", "-f", "-", stdin=json.dumps(space))
        return name

    def works(self, namespace, *args, stdin=None):
        try:
            self.kubectl(namespace, *args, stdin=stdin)
        except AssertionError:
            return False
        return True

    def prepare(self, case, namespace):
        """The API server acts on some objects a moment after it took them."""
        for one in case.before:
            self.apply(namespace, one)
            if one["kind"] == "CustomResourceDefinition":
                eventually(lambda: self.works(namespace, "get", "things"))
            if one["kind"] == "ValidatingAdmissionPolicyBinding":
                (text,) = map(self.text, case.objects)
                words = ("create", "--dry-run=server", "-f", "-")
                eventually(lambda: not self.works(namespace, *words, stdin=text))  # noqa: B023
        if case.adopted:
            self.apply(namespace, adopted(case.adopted, namespace))
        if case.status:
            patch = json.dumps({"status": case.status})
            where = ("thing/t", "--subresource=status", "--type=merge", "-p", patch)
            self.kubectl(namespace, "patch", *where)
        if case.deleted:
            self.kubectl(namespace, "delete", "thing/t", "--wait=false")

    def values(self, name, objects):
        file = self.folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump({RELEASE: json.loads(self.text({"objects": objects}))}))
        return str(file)

    def run(self, *args):
        copy = self.copies.get()
        try:
            return copy.run(*args)
        finally:
            self.copies.put(copy)

    def deploy(self, namespace, objects, *args):
        values = self.values(namespace, objects)
        return self.run("deploy", NAME, "-n", namespace, "-f", values, "--no-verify", *args)

    def deploy_until_healed(self, namespace, objects, heal):
        """Deploy, and heal once the deploy has reported a cause; its exit code and its events."""
        values, copy, events = self.values(namespace, objects), self.copies.get(), []
        process = copy.popen("deploy", NAME, "-n", namespace, "-f", values, "--no-verify", *LINES)
        with process:
            for line in process.stderr:
                events.append(json.loads(line)["event"])
                if events[-1] == "cause-seen" and events.count("cause-seen") == 1:
                    heal()
            process.stdout.read()
        self.copies.put(copy)
        return process.returncode, events


@pytest.fixture(scope="module")
def broken(product, tmp_path_factory):
    return Broken(product, tmp_path_factory.mktemp("broken"))


def of_the_day(index):
    """Whether CI runs a case: each day one half of them, and `make full` the other."""
    return index % 2 == dt.date.fromisoformat(DAY).toordinal() % 2


@pytest.fixture(scope="module")
def results(broken, request):
    """The deploy and diagnosis of each selected case, or its error; the case's test checks them."""
    selected = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    names = {params["case"].name for params in selected if "case" in params}

    def make(case):
        namespace = broken.namespace(f"broken-{case.name}", case.labels)
        broken.prepare(case, namespace)
        done = broken.deploy(namespace, case.objects)
        if case.early and case.visible:
            broken.apply(namespace, *case.objects)
            eventually(lambda: case.code in diagnosis(namespace).out)
        return done, diagnosis(namespace)

    def diagnosis(namespace):
        return broken.run("diagnose", NAME, "-n", namespace, "-o", "json")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {case.name: pool.submit(make, case) for case in CASES if case.name in names}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=() if of_the_day(index) else pytest.mark.full)
        for index, case in enumerate(CASES)
    ],
)
def test_the_first_reported_cause_is_the_expected_one(results, case):
    done, diagnosed = results[case.name].result()
    assert "not ready after" not in done.err  # as an error of the timeout would say
    named = FIRST.findall(done.err)
    expected = [] if case.early else [case.code]
    assert (named[:1], done.code) == (expected, case.exit), done.err
    assert case.early == (f"diagnose {NAME} -n broken-{case.name}" not in done.err)
    document = diagnosed.json
    assert schema_faults(document, "diagnosis") == []
    if case.visible:
        expected = case.afterwards or case.code
        causes = [cause for cause in document["causes"] if cause["code"] != "ReleaseMissing"]
        assert causes[0]["code"] == expected, document
        assert causes[0]["remedy"]
        assert diagnosed.code == 7


def test_there_are_enough_cases():
    assert len({case.code for case in CASES}) >= 20
    assert len(CASES) >= 25


def test_a_cause_that_heals_within_its_grace_does_not_end_the_deploy(broken):
    namespace = broken.namespace("broken-heals")

    def heal():
        broken.apply(namespace, labelled("beside"))

    code, events = broken.deploy_until_healed(
        namespace, [deployment(affinity=affinity("beside"))], heal
    )
    assert code == 0, events
    assert "cause-gone" in events


def test_a_deploy_continues_after_the_api_server_was_killed(broken):
    namespace = broken.namespace("broken-server")

    def kill_and_heal():
        signalled("kube-apiserver", "KILL")
        eventually(lambda: lifecycle.is_ready(E2E))
        broken.apply(namespace, labelled("server"))

    code, events = broken.deploy_until_healed(
        namespace, [deployment(affinity=affinity("server"))], kill_and_heal
    )
    assert code == 0, events
    assert "cause-seen" in events  # the server was killed during the wait


def signalled(component, signal):
    """Send a signal to a component of the node; supervisord restarts one that ends."""
    node = node_processes.running(E2E)
    (pid,) = [pid for name, _, pid in Supervisor(node).states() if name == component]
    inside = ["nsenter", "--target", str(node.init), "--pid", "--mount", "--"]
    subprocess.run([*inside, "kill", f"-{signal}", str(pid)], check=True)
    return pid


def test_other_releases_are_finished_when_one_fails(broken):
    namespace = broken.namespace("broken-beside")
    done = broken.deploy(namespace, CRASH.objects, "postgres-k8s-setup", *PORT)
    assert done.code == CRASH.exit, done.err
    assert FIRST.findall(done.err)[0] == CRASH.code
    assert "Release postgres: revision 1" in done.err
    beside = broken.run("diagnose", "postgres-k8s-setup", "-n", namespace)
    assert beside.code == 0, beside.out


def test_a_taint_that_no_pod_tolerates_is_refused_and_named(broken):
    namespace = broken.namespace("broken-taint")
    broken.product.kubectl("taint", "node", "--all", "broken=now:NoSchedule")
    try:
        done = broken.deploy(namespace, [deployment()])
        broken.apply(namespace, deployment())
        find = ("diagnose", NAME, "-n", namespace, "-o", "json")
        eventually(lambda: "PodUnschedulableTaint" in broken.run(*find).out)
    finally:
        broken.product.kubectl("taint", "node", "--all", "broken-")
    assert "has the taint broken:NoSchedule" in done.err
    assert done.code == FOUNDATION


def test_a_node_that_no_longer_answers_is_the_cause(broken):
    namespace = broken.namespace("broken-node")
    signalled("kubelet", "STOP")
    try:
        done = broken.deploy(namespace, [deployment()])
    finally:
        signalled("kubelet", "CONT")
        eventually(lambda: lifecycle.is_ready(E2E))
    assert FIRST.findall(done.err)[0] == "NodeNotReady", done.err
    assert done.code == FOUNDATION


def test_failed_pulls_on_a_node_have_the_registrys_cause(broken, tmp_path):
    namespace = broken.namespace("broken-registries")
    with serving(node_processes.running(E2E), tmp_path) as hosts:
        images = {code: {"image": f"{host}/none:1"} for code, host in hosts.items()}
        broken.apply(namespace, *(pod(code.lower(), main=main) for code, main in images.items()))

        def named():
            document = broken.run("diagnose", "-n", namespace, "-o", "json").json
            causes = [(c["object"].split()[0], c["code"]) for c in document["causes"]]
            return {name: code for name, code in causes if name.startswith("Pod/")}

        eventually(lambda: named() == {f"Pod/{code.lower()}": code for code in hosts})
