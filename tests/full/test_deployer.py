"""Both skills as a user who has the printed Role: changes, drift, a way back, data that stay."""

import pytest

from tests.e2e.conftest import deployed
from tests.e2e.deployer import KAFKA, NAMESPACE, PORTS, POSTGRES, deployer, options

__all__ = ["deployed", "deployer"]
BOTH = [word for skill in PORTS for word in options(skill)]
HOURS = "kafka.config.log\\.retention\\.hours=24"


@pytest.fixture(scope="module")
def running(deployer):
    """Both skills are deployed and verified from inside the cluster and from this host."""
    done = deployer.ok("deploy", *BOTH, "--output", "json").json
    sides = {check["from"] for result in done["verification"] for check in result["checks"]}
    assert {"host", "inside"} <= sides
    return deployer


def test_a_second_deploy_changes_nothing(running):
    again = running.ok("deploy", *BOTH, "--output", "json").json
    assert (again["changed"], again["verification"]) == (False, [])


def test_drift_is_shown_and_mended(running, product):
    product.kubectl("delete", "service", "kafka", "-n", NAMESPACE)
    assert running.run("diff", *BOTH, "--detailed-exitcode").code == 2
    running.ok("deploy", *BOTH)
    assert product.kubectl("get", "service", "kafka", "-n", NAMESPACE, "-o", "name")


def test_a_value_is_changed_and_changed_back(running):
    running.ok("deploy", *options(KAFKA), "--set", HOURS)
    running.ok("rollback", KAFKA)
    assert running.run("diff", *BOTH, "--detailed-exitcode").code == 0


@pytest.mark.parametrize("verb", ["status", "diagnose", "verify", "history", "endpoints"])
def test_verbs_that_read(running, verb):
    running.ok(verb, *([POSTGRES] if verb == "history" else []))


def test_a_delete_keeps_data_and_a_purge_does_not(running, product):
    running.ok("delete", "--yes")
    claims = ("get", "pvc", "-n", NAMESPACE, "-o", "name")
    assert len(product.kubectl(*claims).split()) == len(PORTS)
    running.ok("deploy", *BOTH)
    running.ok("delete", "--yes", "--purge-data")
    assert product.kubectl(*claims) == ""
