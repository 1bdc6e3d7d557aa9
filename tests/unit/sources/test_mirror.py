import pytest

from learnflow_infra.errors import InputError
from learnflow_infra.models import RegistryKeys
from learnflow_infra.sources.mirror import Mirror, parse, rewrite, value_layer

QUAY = parse("quay.io=127.0.0.1:5000/quay")
STRIMZI = (RegistryKeys(registry="defaultImageRegistry", repository="defaultImageRepository"),)


@pytest.mark.parametrize("text", ["", "quay.io", "=x", "quay.io=", "https://quay.io=x"])
def test_invalid_mirrors_are_refused(text):
    with pytest.raises(InputError, match="FROM=TO"):
        parse(text)


@pytest.mark.parametrize(
    ("reference", "wanted"),
    [
        ("quay.io/strimzi/kafka:1", "127.0.0.1:5000/quay/strimzi/kafka:1"),
        ("oci://quay.io/strimzi-helm/x", "oci://127.0.0.1:5000/quay/strimzi-helm/x"),
        ("quay.io.evil.example/strimzi/kafka:1", "quay.io.evil.example/strimzi/kafka:1"),
        ("docker.io/quay.io/x", "docker.io/quay.io/x"),
        ("quay.io", "127.0.0.1:5000/quay"),
    ],
)
def test_a_reference_is_rewritten_at_its_boundaries(reference, wanted):
    assert rewrite(reference, [QUAY]) == wanted


def test_the_longest_part_wins():
    narrow = Mirror(source="quay.io/strimzi", to="other.example/s")
    assert rewrite("quay.io/strimzi/kafka:1", [QUAY, narrow]) == "other.example/s/kafka:1"
    assert rewrite("quay.io/other:1", [narrow, QUAY]) == "127.0.0.1:5000/quay/other:1"


def test_a_mirror_of_docker_io_is_one_of_its_other_names():
    chart, hub = (
        "oci://registry-1.docker.io/bitnamicharts/postgresql",
        parse("docker.io=m.example/hub"),
    )
    own = parse("registry-1.docker.io=charts.example")
    assert rewrite(chart, [hub]) == "oci://m.example/hub/bitnamicharts/postgresql"
    assert rewrite(chart, [hub, own]) == "oci://charts.example/bitnamicharts/postgresql"


def test_every_image_of_a_chart():
    seen = {
        "image": {"registry": "docker.io", "repository": "bitnami/postgresql", "tag": "17"},
        "metrics": {"image": {"registry": "docker.io", "repository": "bitnami/exporter"}},
        "other": {"image": {"registry": "ghcr.io", "repository": "x"}},
    }
    assert value_layer(seen, [parse("docker.io=m.example/hub")], ()) == {
        "image": {"registry": "m.example", "repository": "hub/bitnami/postgresql"},
        "metrics": {"image": {"registry": "m.example", "repository": "hub/bitnami/exporter"}},
    }


def test_one_place_for_all_images():
    seen = {
        "defaultImageRegistry": "quay.io",
        "defaultImageRepository": "strimzi",
        "image": {"registry": "", "repository": "", "name": "operator"},
    }
    assert value_layer(seen, [QUAY], STRIMZI) == {
        "defaultImageRegistry": "127.0.0.1:5000",
        "defaultImageRepository": "quay/strimzi",
    }
    assert value_layer(seen, [], STRIMZI) == {}


def test_the_global_registry_reaches_charts_that_do_not_know_it():
    seen = {
        "global": {"imageRegistry": "registry.example"},
        "defaultImageRegistry": "quay.io",
        "defaultImageRepository": "strimzi",
    }
    assert value_layer(seen, [], STRIMZI) == {"defaultImageRegistry": "registry.example"}
