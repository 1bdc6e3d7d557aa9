#!/usr/bin/env python3
"""Check that Kafka works: write and read records, from inside the cluster and from this host.

Needs only Python 3.9 with its standard library, and kubectl. --help lists the options. Exit codes:
0 all checks passed, 3 wrong options, 4 the cluster was not reached, 8 a check failed.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Callable

sys.dont_write_bytecode = True  # no file may be written beside the skills
_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(_HERE, "lib"), os.path.join(_HERE, "..", "common")]

import verification  # noqa: E402
from kafka_checks import Vantage  # noqa: E402
from verification import Verification  # noqa: E402

SKILL, ENDPOINT = "kafka-k8s-setup", "kafka"


def run_checks(run: Verification) -> None:
    """Check pods and volumes, then the brokers from both vantages in parallel."""
    endpoint = run.endpoint(ENDPOINT)
    pods = run.check_pods(endpoint, is_broker)
    if pods:
        vantages = run.vantages_of(endpoint)
        run.together(*(_from(run, endpoint, pods, vantage) for vantage in vantages))


def is_broker(pod: dict[str, Any]) -> bool:
    """Whether a pod is a broker, not a controller, topic operator or Job.

    This skill's chart sets a label; Strimzi has its own, because its pods accept no
    app.kubernetes.io/component.
    """
    labels = pod["metadata"].get("labels", {})
    ours = labels.get("app.kubernetes.io/component") == "broker"
    return bool(ours or labels.get("strimzi.io/broker-role") == "true")


def _from(
    run: Verification, endpoint: dict[str, Any], pods: list[str], name: str
) -> Callable[[], None]:
    address = endpoint["inCluster" if name == "inside" else "host"]
    dial = run.dial(name, pods[0])
    vantage = Vantage(run, name, dial, (address["host"], address["port"]), len(pods))

    def check() -> None:
        steps = (
            ("brokers-reached", vantage.reaches_brokers),
            ("topic-created", vantage.creates_topic),
            ("produce-consume", vantage.keeps_records),
            ("offsets-committed", vantage.keeps_offsets),
        )
        try:
            all(
                run.check(step, name, function) for step, function in steps
            )  # stops at the first failure
        finally:
            if vantage.needs_cleaning:
                run.check("cleaned-up", name, vantage.cleans_up)
            vantage.close()

    return check


if __name__ == "__main__":
    raise SystemExit(verification.main(SKILL, run_checks))
