from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from learnflow_infra.clients.api_errors import ForbiddenError
from learnflow_infra.engine.images import local
from learnflow_infra.engine.images.required import ensure, required_images
from learnflow_infra.errors import ArtifactError, InputError
from learnflow_infra.events import Message
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
    found = local.unlisted([parse(image)], {BUILT})
    assert bool(found) is not obtainable
    refusal = local.refusal(found, {BUILT}, {BUILT})
    assert ("There are: " + BUILT in str(refusal.why)) == (image == "learnflow.local/kafka:nosuch")


@pytest.mark.parametrize(
    ("built", "remedy"), [({BUILT}, "Leave image.tag out"), ((), "image load")]
)
def test_how_to_get_an_image_that_no_node_has(built, remedy):
    refusal = local.refusal([parse("learnflow.local/kafka:nosuch")], {BUILT}, built)
    assert remedy in str(refusal.remedy)
    assert ("Leave" in str(refusal.remedy)) == bool(built)


def node(*names, more=0):
    images = [{"names": [name], "sizeBytes": 1} for name in names]
    return {"status": {"images": images + [{"names": [f"x:{n}"]} for n in range(more)]}}


@pytest.mark.parametrize(
    ("nodes", "outcome"),
    [
        ([node(BUILT)], ""),
        ([node(more=49)], "No node has"),
        ([node(), {"status": {}}], "No node has"),
        ([node(more=50)], "not known"),
        ([node(), node(more=51)], "not known"),
        ([node(more=60), node(BUILT)], ""),
        (None, "not known"),
    ],
)
def test_absence_from_the_lists_of_nodes_counts_only_where_they_are_complete(nodes, outcome):
    """None is what a user sees who may not read nodes."""

    def items(_):
        if nodes is None:
            raise ForbiddenError(403, "no")
        return nodes

    kube, target = SimpleNamespace(items=items), SimpleNamespace(cluster=None)
    messages = []
    session = SimpleNamespace(kube=kube, target=target)
    refused = outcome == "No node has"
    with pytest.raises(ArtifactError, match=outcome) if refused else nullcontext():
        ensure(session, [BUILT], (), messages.append)
    texts = [message.text for message in messages if isinstance(message, Message)]
    assert ["not known" in text for text in texts] == [True] * (outcome == "not known")


def test_an_image_of_nobodys_registry_cannot_be_pulled_at_every_start():
    objects = [pod(BUILT), pod("docker.io/library/x:1")]
    for obj in objects:
        obj["spec"]["containers"][0]["imagePullPolicy"] = "Always"
    assert always_pulled([*objects, pod("y")]) == {BUILT, "docker.io/library/x:1"}
    local.require_not_pulled([parse("docker.io/library/x:1")])
    with pytest.raises(ArtifactError, match="cannot be pulled"):
        local.require_not_pulled(map(parse, always_pulled(objects)))
