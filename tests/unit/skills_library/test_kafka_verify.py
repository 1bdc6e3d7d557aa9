"""verify.py against a broker imitated in this process, which is right or wrong on purpose."""

import dataclasses
import json
import os
import subprocess
import sys

import kafka_connection as kafka
import pytest
from imitated_kafka import Broker, Wrong
from kafka_checks import Vantage
from verification import Verification

from learnflow_infra.paths import repo_root

ROOT = repo_root()
VERIFY = ROOT / "skills-library/kafka-k8s-setup/verify.py"
KUBECTL = """#!/bin/sh
case "$*" in
  *pods*) echo '%s' ;;
  *) echo '{"items": [{"metadata": {"name": "data-kafka-0"}, "status": {"phase": "Bound"}}]}' ;;
esac
"""
COMPONENT, ROLE = "app.kubernetes.io/component", "strimzi.io/broker-role"
OUR_PODS = {"kafka-0": {COMPONENT: "broker"}, "kafka-topics-x": {COMPONENT: "topics"}}
STRIMZI_S_PODS = {
    "kafka-broker-0": {ROLE: "true"},
    "kafka-controller-100": {ROLE: "false"},
    "kafka-entity-operator-x": {},
}
"""Pods by name, the broker first and Ready, the others not."""


def checked(wrong, brokers=1, timeout=5.0):
    """Run a vantage's checks; returns the run and the broker."""
    run = Verification(None, ("host",), timeout)
    with Broker(wrong) as broker:
        vantage = Vantage(run, "host", run.dial("host"), broker.server_address, brokers)
        steps = (vantage.reaches_brokers, vantage.creates_topic, vantage.keeps_records)
        steps += (vantage.keeps_offsets,)
        all(run.check(step.__name__, "host", step) for step in steps)
        run.check("cleans_up", "host", vantage.cleans_up)
    return run, broker


def failures(run):
    return {check["name"]: check["message"] for check in run.checks if not check["passed"]}


def test_a_right_broker_passes_and_nothing_is_left():
    run, broker = checked(Wrong())
    assert failures(run) == {}
    assert len(run.checks) == 5
    assert broker.topics == {}
    assert len(broker.deleted) == 2


def test_a_passing_error_is_waited_for():
    wrong = Wrong(error={kafka.PRODUCE: 6, kafka.FIND_COORDINATOR: 15}, passing=3)
    assert failures(checked(wrong)[0]) == {}


def replaced(records):
    return [dataclasses.replace(records[0], value=b"another"), *records[1:]]


@pytest.mark.parametrize(
    ("wrong", "name", "message"),
    [
        (Wrong(advertised=("127.0.0.1", 1)), "reaches_brokers", "broker 0 advertises 127.0.0.1:1"),
        (Wrong(error={kafka.CREATE_TOPICS: 44}), "creates_topic", "POLICY_VIOLATION (44): no"),
        (Wrong(error={kafka.CREATE_TOPICS: 38}), "creates_topic", "INVALID_REPLICATION_FACTOR"),
        (Wrong(error={kafka.PRODUCE: 19}), "keeps_records", "NOT_ENOUGH_REPLICAS"),
        (Wrong(error={kafka.FETCH: 56}), "keeps_records", "KAFKA_STORAGE_ERROR"),
        (Wrong(change=lambda r: r[:-1]), "keeps_records", "33 of 34 records were read back"),
        (Wrong(change=lambda r: r[::-1]), "keeps_records", "differs from the record written"),
        (Wrong(change=replaced), "keeps_records", "partition 0, offset 0: differs from the record"),
        (Wrong(change=lambda r: r + r), "keeps_records", "gaps or another order"),
        (Wrong(forget_offsets=True), "keeps_offsets", "read back {0: -1"),
        (Wrong(error={kafka.OFFSET_COMMIT: 30}), "keeps_offsets", "GROUP_AUTHORIZATION_FAILED"),
        (Wrong(lowest={kafka.PRODUCE: 9}), "keeps_records", "the broker supports 9 to 99"),
    ],
)
def test_a_faulty_broker_fails_a_check_and_nothing_is_left(wrong, name, message, monkeypatch):
    monkeypatch.setattr("verification.CONNECT_SECONDS", 0.1)
    run, broker = checked(wrong)
    assert list(failures(run)) == [name]
    assert message in failures(run)[name]
    assert broker.topics == {}


def test_a_missing_broker_is_reported():
    assert "1 of 3 brokers" in failures(checked(Wrong(), brokers=3)[0])["reaches_brokers"]


def test_a_broker_that_is_down_fails(monkeypatch):
    monkeypatch.setattr("verification.CONNECT_SECONDS", 0.1)
    run = Verification(None, ("host",), 5)
    vantage = Vantage(run, "host", run.dial("host"), ("127.0.0.1", 1), 1)
    assert not run.check("down", "host", vantage.reaches_brokers)
    assert "127.0.0.1:1" in failures(run)["down"]


def pod(name, labels, ready):
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {"metadata": {"name": name, "labels": labels}, "status": {"conditions": conditions}}


@pytest.fixture(params=[OUR_PODS, STRIMZI_S_PODS], ids=["embedded", "upstream"])
def command(tmp_path, request):
    pods = [pod(name, labels, not i) for i, (name, labels) in enumerate(request.param.items())]
    (tmp_path / "kubectl").write_text(KUBECTL % json.dumps({"items": pods}))
    (tmp_path / "kubectl").chmod(0o755)

    def run(address, *options):
        place = {"host": address[0], "port": address[1]}
        endpoint = {"name": "kafka", "release": "kafka", "host": place, "inCluster": place}
        endpoint |= {"parameters": {}, "credentials": None}
        document = json.dumps({"kind": "Endpoints", "endpoints": [endpoint]})
        return subprocess.run(
            [sys.executable, str(VERIFY), "--endpoints", "-", "--from", "host", *options],
            input=document,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"KUBECTL": str(tmp_path / "kubectl")},
        )

    return run


def test_the_program_prints_one_document_and_exits_0(command):
    with Broker(Wrong()) as broker:
        done = command(broker.server_address)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["skill"], document["passed"]) == ("kafka-k8s-setup", True)
    names = [check["name"] for check in document["checks"] if check["from"] == "host"]
    assert names == [
        "brokers-reached",
        "topic-created",
        "produce-consume",
        "offsets-committed",
        "cleaned-up",
    ]


def test_the_program_exits_8_and_cleans_up_when_a_check_fails(command):
    with Broker(Wrong(error={kafka.OFFSET_COMMIT: 30})) as broker:
        done = command(broker.server_address)
        assert broker.topics == {}
    assert done.returncode == 8
    assert "FAIL host    offsets-committed" in done.stderr
    assert json.loads(done.stdout)["passed"] is False
