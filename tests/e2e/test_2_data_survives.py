"""Rows and records survive the end of pods, nodes and releases.

The tests write and read them with PostgreSQL's and Kafka's own tools, not with the code under test.
"""

import os
import signal
import subprocess

import pytest

from learnflow_infra.clusters.embedded.node import node_processes

pytestmark = pytest.mark.e2e
TOPIC = "survivors"
LINES = [f"record {number}" for number in range(20)]


@pytest.fixture(scope="module")
def marked(product, deployed):
    """Rows and records that must still be there after each test."""
    product.psql("create table survivors as select generate_series(1, 1000) as n")
    product.kafka("kafka-topics.sh", "--create", "--topic", TOPIC)
    product.produce(TOPIC, *LINES)
    return credentials(product)


def credentials(product):
    return product.kubectl("get", "secret", "postgres-credentials", "-o", "jsonpath={.data}")


def assert_intact(product, marked):
    assert product.psql("select count(*), sum(n) from survivors") == "1000|500500"
    assert product.consume(TOPIC, len(LINES)) == LINES
    assert credentials(product) == marked


def test_data_survives_the_deletion_of_pods(product, marked):
    product.kubectl("delete", "pod", "kafka-0", "postgres-0")
    done = product.ok("deploy", "--output", "json").json
    assert all(result["passed"] for result in done["verification"])
    assert len(done["verification"]) == 2
    assert_intact(product, marked)


@pytest.mark.administrator("a deploy starts no cluster of others")
def test_data_survives_stop_and_start(product, marked):
    product.ok("cluster", "stop", "--name", product.cluster.name)
    stopped = product.run("status")
    assert stopped.code == 4
    assert "cluster up --name e2e" in stopped.err
    done = product.ok("deploy", "--output", "json").json
    assert len(done["verification"]) == 2
    assert_intact(product, marked)


@pytest.mark.administrator("a deploy starts no cluster of others")
def test_data_survives_kill_9_of_the_node_during_writes(product, marked):
    product.psql("insert into survivors select generate_series(1001, 2000)")
    os.kill(node_processes.running(product.cluster.name).outer, signal.SIGKILL)
    done = product.ok("deploy", "--output", "json").json
    assert all(result["passed"] for result in done["verification"])
    assert product.psql("select count(*) from survivors") == "2000"
    product.psql("delete from survivors where n > 1000")
    assert_intact(product, marked)


def test_data_survives_delete_and_another_deploy(product, marked):
    done = product.ok("delete")
    assert "Kept" in done.out
    assert product.kubectl("get", "pods", "-o", "name") == ""
    assert "kafka: Cause ReleaseMissing: Release/kafka" in product.run("diagnose").out
    verified = product.run("verify")
    assert verified.code == 8
    assert "endpoint postgres is not recorded; run: learnflow-infra deploy" in verified.err
    product.ok("deploy")
    assert_intact(product, marked)


def test_a_lost_secret_is_made_again_by_the_lines_of_the_refusal(product, marked):
    stored = product.kubectl("get", "secret", "postgres-credentials", "-o", "json")
    product.kubectl("delete", "secret", "postgres-credentials")
    done = product.run("deploy")
    assert done.code == 10
    assert "outlived the Secret" in done.err
    make, set_passwords = [
        line.strip() for line in done.err.splitlines() if " -n learnflow " in line
    ]
    in_bash(product, make)
    in_bash(product, set_passwords)
    assert product.ok("deploy", "-o", "json").json["verification"]
    assert credentials(product) != marked
    # Other tests have the passwords of before. psql reads them in the pod, from a file that
    # kubelet renews about a minute after the Secret changed.
    product.kubectl("delete", "secret", "postgres-credentials")
    product.kubectl("apply", "-f", "-", stdin=stored)
    in_bash(product, set_passwords)
    product.kubectl("delete", "pod", "postgres-0")
    product.ok("deploy")
    assert_intact(product, marked)


def in_bash(product, line):
    done = subprocess.run(
        ["bash", "-c", line],
        env=product.env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
