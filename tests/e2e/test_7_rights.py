"""Deploys of a user who has the printed Role, and nothing else."""

import json
import re

import pytest

from tests.e2e.deployer import NAMESPACE, POSTGRES, deployer, options

__all__ = ["deployer"]

pytestmark = pytest.mark.e2e


def test_the_deployer_deploys_verifies_rolls_back_and_deletes(deployer):
    done = deployer.ok("deploy", *options(POSTGRES), "--output", "json").json
    (endpoint,) = done["endpoints"]["endpoints"]
    assert endpoint["verified"]
    assert "may not read the nodes" in endpoint["withoutNodePort"]
    assert endpoint["host"] == {"host": "127.0.0.1", "port": 31410}
    checks = {(c["name"], c["from"]) for r in done["verification"] for c in r["checks"]}
    assert {("write-read", "host"), ("write-read", "inside")} <= checks
    deployer.ok("deploy", *options(POSTGRES, "postgres.primary.podLabels.a=b"), "--no-verify")
    deployer.ok("rollback", POSTGRES)
    assert "no node port" in deployer.ok("endpoints").out
    deployer.ok("verify", POSTGRES)
    deployer.ok("delete", "--purge-data", "--yes")


def test_a_right_that_lacks_is_11_and_nothing_is_changed(deployer, product):
    role = ("role", "learnflow-deployer", "-n", NAMESPACE)
    whole = product.kubectl("get", *role, "-o", "json")
    document = json.loads(whole)
    rules = [rule for rule in document["rules"] if "statefulsets" not in rule["resources"]]
    less = json.dumps({**document, "rules": rules})
    product.kubectl("replace", "-n", NAMESPACE, "-f", "-", stdin=less)
    try:
        done = deployer.run("deploy", *options(POSTGRES))
        doctor = deployer.run("doctor", POSTGRES, "--profile", "embedded")
    finally:
        del document["metadata"]["resourceVersion"]
        product.kubectl("replace", "-n", NAMESPACE, "-f", "-", stdin=json.dumps(document))
    for result in (done, doctor):
        assert result.code == 11, result.err
        said = result.out + result.err
        assert re.search(rf"create, .*patch statefulsets.apps in the namespace {NAMESPACE}", said)
        assert "rights" in said
        assert "--as-manifest" in said
    assert product.kubectl("get", "secrets,services", "-n", NAMESPACE, "-o", "name") == ""
