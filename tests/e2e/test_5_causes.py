"""Deployments that cannot become ready, made for real: each is named by its right code first.

Several at a time, each in a namespace of its own, from copies of the checkout: a checkout
works on one namespace at a time.
"""

import dataclasses
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

import pytest
import yaml

from learnflow_infra.clusters.embedded import binary, helper_images
from learnflow_infra.documents import schema_faults
from learnflow_infra.events import ignore
from tests.e2e.broken.cases import CASES, env_from
from tests.e2e.broken.objects import deployment, obj
from tests.e2e.broken.skill import NAME, RELEASE, add_to
from tests.e2e.conftest import copy_of_checkout

pytestmark = pytest.mark.e2e
AT_ONCE = 3
FIRST = re.compile(r"^\s*Cause (\w+):", re.MULTILINE)


class Broken:
    """The command line of several copies of the checkout, each used by one case at a time."""

    def __init__(self, product, folder):
        self.product, self.folder = product, folder
        self.image = next(n for n in helper_images.ensure(binary.folder(), ignore) if "busybox" in n)
        self.copies = Queue()
        for number in range(AT_ONCE):
            checkout = copy_of_checkout(folder / f"checkout{number}")
            add_to(checkout)
            env = {**product.env, "PYTHONPATH": str(checkout)}
            self.copies.put(dataclasses.replace(product, checkout=checkout, env=env))

    def kubectl(self, namespace, *args, stdin=None):
        return self.product.kubectl("-n", namespace, *args, stdin=stdin)

    def apply(self, namespace, *objects):
        items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl(namespace, "apply", "-f", "-", stdin=self.text(items))

    def text(self, document):
        return json.dumps(document).replace('"IMAGE"', json.dumps(self.image))

    def namespace(self, name, labels=None):
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        space["metadata"]["labels"] = labels or {}
        self.product.kubectl("apply", "-f", "-", stdin=json.dumps(space))
        return name

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


@pytest.fixture(scope="module")
def broken(product, tmp_path_factory):
    return Broken(product, tmp_path_factory.mktemp("broken"))


@pytest.fixture(scope="module")
def results(broken):
    """Each case's deploy and diagnosis; the case's own test judges them."""

    def make(case):
        namespace = broken.namespace(f"broken-{case.name}", case.labels)
        if case.before:
            for one in case.before:
                broken.apply(namespace, one)
                if one["kind"] in {"CustomResourceDefinition", "ValidatingAdmissionPolicyBinding"}:
                    time.sleep(2)  # until the API server serves it
        begun = time.monotonic()
        done = broken.deploy(namespace, case.objects)
        seconds = time.monotonic() - begun
        diagnosed = broken.run("diagnose", NAME, "-n", namespace, "-o", "json")
        return done, diagnosed, seconds

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip([case.name for case in CASES], pool.map(make, CASES), strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_named_by_its_right_code_first(results, case):
    done, diagnosed, _ = results[case.name]
    named = FIRST.findall(done.err)
    assert named, done.err
    assert (named[0], done.code) == (case.code, case.exit), done.err
    assert "not ready after" not in done.err  # which would be the timeout's words
    assert f"diagnose {NAME} -n broken-{case.name}" in done.err
    document = diagnosed.json
    assert schema_faults(document, "diagnosis") == []
    if case.visible:
        found = [c for c in document["causes"] if not c["code"].startswith("Release")]
        assert found[0]["code"] == case.code, document
        assert found[0]["remedy"]
        assert diagnosed.code == 7


def test_there_are_enough_of_them():
    assert len({case.code for case in CASES}) >= 20
    assert len(CASES) >= 25


def test_what_heals_within_its_grace_goes_on(broken):
    namespace = broken.namespace("broken-heals")
    secret = obj("v1", "Secret", "late", stringData={"k": "v"})
    late = threading.Timer(3, broken.apply, (namespace, secret))
    late.start()
    waits = deployment(main=env_from("secret", "late", "k"))
    grace = broken.values("patience", [waits])
    done = broken.run("deploy", NAME, "-n", namespace, "-f", grace, "--no-verify")
    late.join()
    assert done.code in {0, 7}, done.err
