from types import SimpleNamespace

import pytest

from learnflow_infra.engine.images.required import required_images
from learnflow_infra.errors import InputError
from learnflow_infra.models import ChartSource, OperatorImages

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
