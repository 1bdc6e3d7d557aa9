from types import SimpleNamespace

import pytest

from learnflow_infra.engine.images import local
from learnflow_infra.engine.images.required import required_images
from learnflow_infra.errors import ArtifactError, InputError
from learnflow_infra.models import ChartSource, OperatorImages
from learnflow_infra.references import parse
from learnflow_infra.sources.image_names import always_pulled

RULE = OperatorImages(release="strimzi", env="IMAGES", key="${values.version}")


def pod(image, env=()):
    containers = [{"name": "c", "image": image, "env": list(env)}]
    return {"kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": containers}}


def prepared(name, values=None, rules=()):
    return SimpleNamespace(
        release=SimpleNamespace(name=name),
        source=ChartSource(chart="oci://x", operator_images=tuple(rules)),
        computed=SimpleNamespace(effective=values or {}),
    )


OPERATOR = [pod("operator:1", [{"name": "IMAGES", "value": "4.2=kafka:42\n4.3=kafka:43\n"}])]


def test_those_of_manifests_and_of_operators():
    releases = [prepared("strimzi"), prepared("kafka", {"version": 4.3}, [RULE])]
    found = required_images(releases, {"strimzi": OPERATOR, "kafka": [pod("job:1")]})
    assert found == {"operator:1", "job:1", "kafka:43"}


def test_a_version_that_the_operator_does_not_have():
    releases = [prepared("strimzi"), prepared("kafka", {"version": "9"}, [RULE])]
    with pytest.raises(InputError) as caught:
        required_images(releases, {"strimzi": OPERATOR, "kafka": []})
    assert "4.2, 4.3" in caught.value.why
    assert "--set kafka.version=" in str(caught.value.remedy)


def test_an_operator_that_is_not_part_of_the_run():
    assert required_images([prepared("kafka", {"version": "9"}, [RULE])], {"kafka": []}) == set()


BUILT = "learnflow.local/kafka:4.3-abc"


@pytest.mark.parametrize(
    ("image", "obtainable"),
    [
        (BUILT, True),
        ("learnflow.local/kafka:nosuch", False),
        ("learnflow.local/other:1", False),
        ("docker.io/library/kafka:nosuch", True),  # of a registry, which is asked
    ],
)
def test_an_image_of_nobodys_registry_has_to_be_on_a_node(image, obtainable):
    if obtainable:
        local.require([parse(image)], {BUILT})
        return
    with pytest.raises(ArtifactError, match="No node has learnflow") as caught:
        local.require([parse(image)], {BUILT})
    assert ("There are: " + BUILT in str(caught.value.why)) == ("kafka" in image)


def test_an_image_of_nobodys_registry_cannot_be_pulled_at_every_start():
    objects = [pod(BUILT), pod("docker.io/library/x:1")]
    for obj in objects:
        obj["spec"]["containers"][0]["imagePullPolicy"] = "Always"
    assert always_pulled([*objects, pod("y")]) == {BUILT, "docker.io/library/x:1"}
    local.require_not_pulled([parse("docker.io/library/x:1")])
    with pytest.raises(ArtifactError, match="cannot be pulled"):
        local.require_not_pulled(map(parse, always_pulled(objects)))
