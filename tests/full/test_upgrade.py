"""A cluster that the first version made (Kubernetes 1.34, etcd 3.6) is upgraded by this checkout.

The first version's programs are built from its commit, which takes minutes. CI compares the
objects of recorded data instead (tests/contract/test_old_etcd.py).
"""

import io
import os
import subprocess
import sys
import tarfile

import pytest

from learnflow_infra.clusters import embedded
from learnflow_infra.clusters.embedded import cluster_files
from learnflow_infra.clusters.embedded.programs import binary
from learnflow_infra.paths import repo_root
from tests.e2e.conftest import CONTEXT, NAME, Product, copy_of_checkout

FIRST = "1996026"
OURS = {"PYTHONPATH", "MAKEFLAGS", "MAKEOVERRIDES"}
"""Variables by which the first version would run this one's code, or read this make's ARGS."""
RECORDS = [f"record {number}" for number in range(20)]


@pytest.fixture
def product(tmp_path, monkeypatch):
    """This checkout, with a data folder of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    checkout = copy_of_checkout(tmp_path / "new")
    env = {**os.environ, "PYTHONPATH": str(checkout), "LEARNFLOW_CONTEXT": CONTEXT}
    yield Product(checkout=checkout, env=env, before={})
    embedded.delete(NAME, emit=lambda _event: None)


@pytest.fixture
def first(product, tmp_path):
    """The first version has deployed both skills; its checkout."""
    packed = subprocess.check_output(["git", "-C", repo_root(), "archive", FIRST])
    checkout = tmp_path / "first"
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(checkout, filter="data")
    env = {name: value for name, value in os.environ.items() if name not in OURS}
    for goal, flags in (("cluster-up", f"--name {NAME}"), ("deploy", f"--context {CONTEXT}")):
        command = ["make", goal, f"ARGS={flags}"]
        subprocess.run(command, cwd=checkout, env=env, check=True, stdout=sys.stderr)
    return checkout


def volumes(product):
    return product.kubectl("get", "pvc", "-o", "jsonpath={.items[*].spec.volumeName}").split()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_rows_records_and_volumes_stay(product, first):
    assert "v1.34." in product.kubectl("version", "-o", "json")
    product.psql("create table survivors as select generate_series(1, 1000) as n")
    product.kafka("kafka-topics.sh", "--create", "--topic", "survivors")
    product.produce("survivors", *RECORDS)
    before = volumes(product)
    done = product.ok("deploy", "--output", "json")
    assert "is upgraded from Kubernetes v1.34." in done.err
    passed = {result["passed"] for result in done.json["verification"]}
    assert passed == {True}
    assert f'"{binary.version()}"' in product.kubectl("version", "-o", "json")
    assert product.psql("select count(*), sum(n) from survivors") == "1000|500500"
    assert product.consume("survivors", len(RECORDS)) == RECORDS
    assert volumes(product) == before
    assert (cluster_files.layout(NAME).backup / "etcd-v3.6.5/member").is_dir()
