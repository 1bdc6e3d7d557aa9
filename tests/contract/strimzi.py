"""Strimzi's real CRDs, made by its published generator (see strimzi-crds/image.yaml)."""

import json
import tarfile
import time
from pathlib import Path

import pytest
import yaml

from learnflow_infra.clusters import embedded
from learnflow_infra.clusters.embedded import ImageRecipe
from learnflow_infra.clusters.embedded.images import build
from learnflow_infra.conditions import condition
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
            crds = [yaml.load(content.extractfile(item), yaml.CSafeLoader) for item in files]
    return {crd["spec"]["names"]["kind"]: crd for crd in crds}


@pytest.fixture(scope="session")
def served(kube, strimzi_crds):
    """The CRDs are in the server; the path of a kind's collection by kind."""
    paths = {}
    for kind, crd in strimzi_crds.items():
        path = f"{DEFINITIONS}/{crd['metadata']['name']}"
        kube.apply(path, crd)
        deadline = time.monotonic() + 30
        while condition(kube.find(path), "Established").get("status") != "True":
            assert time.monotonic() < deadline, f"{kind} is not established"
            time.sleep(0.1)
        spec = crd["spec"]
        (version,) = [v["name"] for v in spec["versions"] if v["storage"]]
        plural = spec["names"]["plural"]
        paths[kind] = f"/apis/{spec['group']}/{version}/namespaces/{{}}/{plural}"
    return paths


def blob(archive, descriptor):
    return archive.extractfile("blobs/" + descriptor["digest"].replace(":", "/"))
