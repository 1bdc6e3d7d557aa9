"""The values of this project's charts, one after another: each is deployed and verified."""

import pytest

CASES = [
    ("kafka-k8s-setup", "kafka.logLevel=DEBUG"),
    ("postgres-k8s-setup", "postgres.audit.logConnections=true"),
]


@pytest.mark.parametrize(("skill", "setting"), CASES)
def test_a_value_is_deployed_and_verified(product, skill, setting):
    product.ok("deploy", skill, "--set", setting)
