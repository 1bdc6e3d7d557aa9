from types import SimpleNamespace

import pytest

from learnflow_infra.engine.preflight import notices
from learnflow_infra.models import Release, ReleaseName, SkillName
from learnflow_infra.skills import library


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
    notices.unpatched([comparison(image, image)], messages.append)
    assert len(messages) == said
    for message in messages:
        assert message.text == (
            f"Warning: postgres: {image} has had no patches since 2025-08-28. To choose another, "
            "set postgres.image; a patched one is built and loaded by `learnflow-infra image load` "
            '(docs/charts.md, "The image of PostgreSQL").'
        )


def test_a_release_without_a_rule_has_no_notice():
    item = comparison("docker.io/bitnamilegacy/postgresql:17.6.0")
    item.prepared.release = Release(name=ReleaseName("x"), skill=SkillName("x"), profiles={})
    messages = []
    notices.unpatched([item], messages.append)
    assert messages == []
