from types import SimpleNamespace

import pytest

from learnflow_infra.engine.preflight import notices
from learnflow_infra.models import Release, ReleaseName, SkillName
from learnflow_infra.skills import library
from learnflow_infra.sources.mirror import parse


def comparison(*images):
    (release,) = [
        release
        for skill in library.load_all()
        for release in skill.releases
        if release.name == "postgres"
    ]
    pods = [{"kind": "Pod", "spec": {"containers": [{"image": image}]}} for image in images]
    return SimpleNamespace(
        prepared=SimpleNamespace(release=release),
        desired=SimpleNamespace(manifest=SimpleNamespace(with_hooks=pods)),
    )


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("docker.io/bitnamilegacy/postgresql:17.6.0-debian-12-r4", True),
        ("bitnamilegacy/postgresql@sha256:" + "a" * 64, True),  # the same registry
        ("registry.example.org/bitnamilegacy/postgresql:17.6.0", False),  # somebody else's
        ("docker.io/bitnami/postgresql:latest", False),
        ("learnflow.local/postgresql:17-0123456789", False),
    ],
)
def test_an_image_without_patches_is_said_in_one_line(image, said):
    messages = []
    notices.unpatched([comparison(image, image)], (), messages.append)
    assert len(messages) == said
    for message in messages:
        assert message.text == (
            f"Warning: postgres: {image} has had no patches since 2025-08-28. "
            "The verb `image load` builds and loads a patched one; or set postgres.image to "
            'another (docs/charts.md, "The image of PostgreSQL").'
        )


@pytest.mark.parametrize(
    ("mirror", "image", "said"),
    [
        ("docker.io=r.example/hub", "r.example/hub/bitnamilegacy/postgresql:17.6.0", True),
        ("docker.io/bitnamilegacy/postgresql=r.example/pg", "r.example/pg:17.6.0", True),
        ("docker.io/bitnamilegacy=r.example", "r.example/postgresql:17.6.0", True),
        ("quay.io=r.example", "r.example/bitnamilegacy/postgresql:17.6.0", False),
    ],
)
def test_a_copy_in_a_mirror_has_no_patches_either(mirror, image, said):
    messages = []
    notices.unpatched([comparison(image)], [parse(mirror)], messages.append)
    assert len(messages) == said


def test_a_release_without_a_rule_has_no_notice():
    item = comparison("docker.io/bitnamilegacy/postgresql:17.6.0")
    item.prepared.release = Release(name=ReleaseName("x"), skill=SkillName("x"), profiles={})
    messages = []
    notices.unpatched([item], (), messages.append)
    assert messages == []
