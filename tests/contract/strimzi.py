"""Strimzi's real CRDs, made by its published generator (see strimzi-crds/image.yaml)."""

import json
import tarfile
from pathlib import Path

import pytest
import yaml

from learnflow_infra.clusters import embedded
from learnflow_infra.clusters.embedded import ImageRecipe
from learnflow_infra.clusters.embedded.images import build
from learnflow_infra.events import ignore

RECIPE = Path(__file__).parent / "strimzi-crds"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture(scope="session")
def strimzi_crds():
    """CRDs by kind; built once (a minute), then read from the cache."""
    embedded.prepare([RECIPE], emit=ignore)
    with tarfile.open(build.built_path(ImageRecipe.load(RECIPE))) as archive:
        manifest = blob(archive, json.load(archive.extractfile("index.json"))["manifests"][0])
        (layer,) = json.load(manifest)["layers"]
        with tarfile.open(fileobj=blob(archive, layer)) as content:
            files = [item for item in content if item.name.endswith(".yaml")]
            crds = [yaml.safe_load(content.extractfile(item)) for item in files]
    return {crd["spec"]["names"]["kind"]: crd for crd in crds}


def blob(archive, descriptor):
    return archive.extractfile("blobs/" + descriptor["digest"].replace(":", "/"))
