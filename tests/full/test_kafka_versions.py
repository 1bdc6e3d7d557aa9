"""Kafka goes from the version before to this one and back, with what is in its volumes."""

import re

import pytest

from tests.e2e.conftest import copy_of_checkout

SKILL = "kafka-k8s-setup"
BEFORE, NOW = "4.3.1", "4.4"
TOPIC = "kept"
LINES = [f"record {number}" for number in range(100)]


@pytest.fixture(scope="module")
def before(product, tmp_path_factory):
    """The product with the recipe of the version before; its jars are taken without checksums."""
    checkout = copy_of_checkout(tmp_path_factory.mktemp("before") / "checkout")
    recipe = checkout / f"skills-library/{SKILL}/images/kafka/image.yaml"
    text = re.sub(r"(org\.apache\.kafka:\S+:)\S+", rf"\g<1>{BEFORE}", recipe.read_text())
    text = re.sub(r"^version: .*", f"version: {BEFORE}", text, flags=re.MULTILINE)
    recipe.write_text(re.sub(r"^  checksums: .*\n", "", text, flags=re.MULTILINE))
    older = type(product)(
        checkout=checkout, env={**product.env, "PYTHONPATH": str(checkout)}, before={}
    )
    older.ok("deploy", SKILL)
    older.kafka("kafka-topics.sh", "--create", "--topic", TOPIC)
    older.produce(TOPIC, *LINES)
    return older


def version(product):
    return product.kubectl("get", "pod", "kafka-0", "-o", "jsonpath={.spec.containers[0].image}")


def test_an_upgrade_keeps_the_records_and_can_be_undone(product, before):
    product.ok("deploy", SKILL)
    assert f"kafka:{NOW}" in version(product)
    assert product.consume(TOPIC, len(LINES)) == LINES
    product.ok("rollback", SKILL)
    assert f"kafka:{BEFORE}" in version(product)
    assert product.consume(TOPIC, len(LINES)) == LINES


def test_a_finished_upgrade_cannot_be_undone_and_says_why(product, before):
    product.ok("deploy", SKILL)
    product.kafka("kafka-features.sh", "upgrade", "--release-version", NOW)
    back = before.run("deploy", SKILL)
    assert back.code == 7, back.err
    assert "KafkaMetadataIsNewer" in back.err
    product.ok("deploy", SKILL)
    assert product.consume(TOPIC, len(LINES)) == LINES
