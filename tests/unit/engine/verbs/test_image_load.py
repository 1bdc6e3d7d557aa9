"""Images of this project go into the nodes of local clusters, and elsewhere into a registry."""

from pathlib import Path

import pytest

from learnflow_infra.clients import skopeo
from learnflow_infra.clusters import kind, minikube
from learnflow_infra.engine.verbs import image_load
from learnflow_infra.errors import ArtifactError, ClusterUnreachableError, InputError, RefusedError
from learnflow_infra.events import ignore
from learnflow_infra.locations import Target
from learnflow_infra.models import Profile
from learnflow_infra.paths import repo_root
from learnflow_infra.remedy import Remedy

POSTGRES = "postgres-k8s-setup"


def target(where="context", context="team", **fields):
    return Target(
        kind=where, context=context, kubeconfig=None, profile=Profile("upstream"), **fields
    )


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """What is built and loaded; `choose` sets the cluster."""
    made = []

    def built(recipes, *, emit):
        return {recipe: tmp_path / recipe.name for recipe in recipes}

    monkeypatch.setattr(image_load.embedded, "build_images", built)
    monkeypatch.setattr(image_load.cache, "require_skopeo", lambda _: None)

    def record(owner, name, *kept):
        def call(*words, **_):
            made.append((f"{owner.__name__}.{name}", *(str(words[index]) for index in kept)))

        monkeypatch.setattr(owner, name, call)

    record(image_load.embedded, "load_images", 0)
    record(image_load.skopeo, "repack", 2)
    record(image_load.skopeo, "push_layout", 1)
    record(minikube, "load", 0)
    record(kind, "load", 0)
    return made


@pytest.fixture
def choose(monkeypatch):
    def use(chosen):
        monkeypatch.setattr(image_load.targets, "choose", lambda *_: chosen)
        monkeypatch.setattr(image_load.planning.helm_choice, "warn", lambda _: None)

    return use


RECIPE = repo_root() / "skills-library" / POSTGRES / "images/postgresql"
REPACK = f"{skopeo.__name__}.repack"
IMAGE = str(image_load.embedded.reference(RECIPE))


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (
            target("minikube", "dev"),
            [(REPACK, IMAGE), ("learnflow_infra.clusters.minikube.load", "dev")],
        ),
        (
            target(context="kind-dev"),
            [(REPACK, IMAGE), ("learnflow_infra.clusters.kind.load", "dev")],
        ),
        (
            target("embedded", "learnflow-x", cluster="x"),
            [("learnflow_infra.clusters.embedded.load_images", "x")],
        ),
    ],
)
def test_nodes_of_local_clusters_take_images(calls, choose, chosen, expected):
    choose(chosen)
    (loaded,) = image_load.load([POSTGRES], ignore)
    assert calls == expected
    registry, _, rest = IMAGE.partition("/")
    tag = rest.partition(":")[2]
    assert loaded.flag == (
        f"--set postgres.image.registry={registry},postgres.image.repository=postgresql,"
        f"postgres.image.tag={tag}"
    )


def test_a_line_says_which_cluster_was_chosen(calls, choose):
    choose(target("minikube", "dev", choice="Using minikube's profile dev."))
    events = []
    image_load.load([POSTGRES], events.append)
    assert events[0].text == "Using minikube's profile dev."


def test_other_clusters_take_images_from_a_registry(calls, choose):
    choose(target())
    with pytest.raises(RefusedError) as refused:
        image_load.load([POSTGRES], ignore)
    assert "image load postgres-k8s-setup --registry HOST/PREFIX" in str(refused.value.remedy)
    assert isinstance(refused.value.remedy, Remedy)
    assert calls == []


@pytest.mark.parametrize(
    ("registry", "repository"),
    [("r.example:5000", "postgresql"), ("r.example:5000/team/db/", "team/db/postgresql")],
)
def test_an_image_is_pushed_and_named_by_its_registry(calls, registry, repository):
    (loaded,) = image_load.load([], ignore, registry=registry)
    tag = IMAGE.rpartition(":")[2]
    assert calls == [(f"{skopeo.__name__}.push_layout", f"r.example:5000/{repository}:{tag}")]
    assert f"image.registry=r.example:5000,postgres.image.repository={repository}," in loaded.flag


def test_a_skill_without_an_offered_image_is_named(calls, choose):
    with pytest.raises(InputError, match="kafka-k8s-setup offers no image"):
        image_load.load(["kafka-k8s-setup"], ignore)


def test_a_cluster_that_is_stopped_is_said_before_anything_is_built(calls, choose):
    choose(target("embedded", "learnflow-x", cluster="x", state="stopped"))
    with pytest.raises(ClusterUnreachableError):
        image_load.load([POSTGRES], ignore)
    assert calls == []


@pytest.mark.parametrize("context", ["minikube", "team", "k3d-kind-x"])
def test_only_kinds_own_contexts_are_kinds(context):
    assert kind.cluster(context) == ""


@pytest.mark.parametrize("script", ["echo 'ERROR: no nodes found' >&2; exit 1", None])
def test_a_failure_of_kind_is_an_error_with_its_words(tmp_path, monkeypatch, script):
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    if script:
        (tmp_path / "kind").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "kind").chmod(0o755)
    with pytest.raises(ArtifactError, match="cluster dev") as error:
        kind.load("dev", tmp_path / "image.tar")
    assert "kind" in str(error.value.why) or "no nodes found" in str(error.value.why)


def test_kind_gets_the_archive_and_the_clusters_name(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "kind").write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/words\n')
    (tmp_path / "kind").chmod(0o755)
    kind.load("dev", Path("/x/image.tar"))
    words = (tmp_path / "words").read_text()
    assert words == "load image-archive /x/image.tar --name dev\n"
