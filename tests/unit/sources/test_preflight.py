import pytest

from learnflow_infra import skills
from learnflow_infra.clients.registry_words import Fault
from learnflow_infra.references import parse
from learnflow_infra.sources.preflight import Unobtainable, refusal

DIGEST = "@sha256:" + "a" * 64


def item(text, fault=Fault.missing, message="the registry's answer"):
    return Unobtainable(reference=parse(text), fault=fault, message=message)


@pytest.mark.parametrize(
    ("text", "fault", "removed"),
    [
        ("bitnami/postgresql:17.6.0", Fault.missing, True),
        (
            "docker.io/bitnami/postgresql:17.6.0",
            Fault.forbidden,
            True,
        ),  # Docker Hub's word for gone
        ("docker.io/bitnami/postgresql:latest", Fault.missing, False),
        ("docker.io/bitnami/postgresql:17.6.0", Fault.unreachable, False),
        ("docker.io/bitnami/postgresql" + DIGEST, Fault.missing, False),
        ("docker.io/bitnamilegacy/postgresql:17.6.0", Fault.missing, False),
        ("m.example/bitnami/postgresql:17.6.0", Fault.missing, False),
    ],
)
def test_removed_images_of_a_skill_have_its_cause_and_remedy(text, fault, removed):
    error = refusal([item(text, fault)], skills.removed_images())
    assert ("Bitnami removed" in error.why) is removed
    assert ("bitnamilegacy" in str(error.remedy)) is removed
    assert ("Bitnami Secure Images" in str(error.remedy)) is removed


@pytest.mark.parametrize(
    ("fault", "remedy"),
    [
        (Fault.missing, "--image-mirror quay.io=HOST/PATH"),
        (Fault.forbidden, "skopeo login quay.io"),
        (Fault.limited, "skopeo login quay.io"),
        (Fault.tls, "certs.d/quay.io"),
        (Fault.unreachable, "bundle load"),
        (Fault.transient, "bundle load"),
        (Fault.other, "bundle load"),
    ],
)
def test_each_fault_has_its_remedy(fault, remedy):
    error = refusal([item("quay.io/strimzi/kafka:1", fault)])
    assert error.what == "An image cannot be pulled."
    assert error.why == f"quay.io/strimzi/kafka:1: {fault}. the registry's answer"
    assert remedy in str(error.remedy)


def test_every_image_is_named_and_each_remedy_once():
    names = ["quay.io/a:1", "quay.io/b:1", "bitnami/x:1"]
    error = refusal([item(name) for name in names], skills.removed_images())
    assert error.what.startswith("3 images")
    assert len(error.why.splitlines()) == 3
    assert len(str(error.remedy).splitlines()) == 2
