"""Values of Bitnami's PostgreSQL chart that operators use, with a stand-in and real PostgreSQL.

The stand-in (tests/charts) has the documented behaviour of Bitnami's chart for these values. Its
image is this project's, which follows the conventions of Bitnami's; replication is not among them.
"""

import json
import shutil

import pytest
import yaml

from learnflow_infra.clusters import embedded
from learnflow_infra.documents.merging import merge
from learnflow_infra.paths import repo_root
from tests.cluster.conftest import eventually

SKILL = "postgres-k8s-setup"
NAMESPACE = "bitnami"
EXTRA = [{"name": "POSTGRES_DATABASE", "value": "shop"}]

CASES = {
    "as it is": ({}, {}),
    "a Secret of the chart": ({"auth": {"existingSecret": ""}}, {"secret": "postgres"}),
    "its superuser's password": (
        {"auth": {"existingSecret": "", "postgresPassword": "one-word"}},
        {"secret": "postgres"},
    ),
    "postgresPassword": ({"auth": {"postgresPassword": "one-word"}}, {}),
    "a global database": (
        {"global": {"postgresql": {"auth": {"database": "shop"}}}},
        {"database": "shop"},
    ),
    "ClusterIP": ({"primary": {"service": {"type": "ClusterIP"}}}, {"host": False}),
    "no password files": ({"auth": {"usePasswordFiles": False}}, {}),
    "no user": ({"auth": {"username": ""}}, {"user": "postgres"}),
    "the chart's own name": ({"fullnameOverride": ""}, {"service": "postgres-postgresql"}),
    "another key": ({"auth": {"secretKeys": {"userPasswordKey": "app"}}}, {}),
}


@pytest.fixture(scope="module")
def upstream(product):
    """The stand-in in place of the chart of the profile `upstream`, and the image in the node.

    A kubelet reports a new image within seconds; until then it is refused.
    """
    folder = product.checkout / f"skills-library/{SKILL}"
    recipe = folder / "images/postgresql"
    product.ok("deploy", SKILL, "-n", NAMESPACE, "--no-verify")
    image = vars(embedded.reference(recipe))
    eventually(lambda: image["tag"] in product.kubectl("get", "nodes", "-o", "yaml"))
    product.ok("delete", SKILL, "-n", NAMESPACE, "--purge-data", "--yes")
    shutil.copytree(repo_root() / "tests/charts/postgresql", folder / "charts/stand-in")
    text = (folder / "skill.yaml").read_text()
    skill = yaml.safe_load(text)
    skill["releases"][0]["profiles"]["upstream"] = {"chart": "charts/stand-in"}
    (folder / "skill.yaml").write_text(yaml.safe_dump(skill))
    yield {"image": image}
    (folder / "skill.yaml").write_text(text)
    shutil.rmtree(folder / "charts/stand-in")


def run(product, verb, values, tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump({"postgres": values}))
    where = (SKILL, "-n", NAMESPACE, "--profile", "upstream")
    return product.run(verb, *where, "-f", str(file))


@pytest.mark.parametrize("case", CASES)
def test_a_value_is_deployed_and_verified(product, upstream, case, tmp_path):
    values, expected = CASES[case]
    try:
        done = run(product, "deploy", merge(upstream, values), tmp_path)
        assert done.code == 0, done.err
        again = run(product, "deploy", merge(upstream, values), tmp_path)
        assert "Nothing to change" in again.out, again.err
        (entry,) = json.loads((product.phase / "endpoints.json").read_text())["endpoints"]
        assert ("host" in entry) == expected.get("host", True)
        assert entry["inCluster"]["host"].split(".")[0] == expected.get("service", "postgres")
        assert entry["parameters"]["database"] == expected.get("database", "learnflow")
        assert entry["parameters"]["username"] == expected.get("user", "learnflow")
        assert entry["credentials"]["secret"] == expected.get("secret", "postgres-credentials")
    finally:
        product.ok("delete", SKILL, "-n", NAMESPACE, "--purge-data", "--yes")


REFUSED = {
    "a variable of the chart, again": {"primary": {"extraEnvVars": EXTRA}},
    "an object without apiVersion": {
        "extraDeploy": [{"kind": "ConfigMap", "metadata": {"name": "more"}}]
    },
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_value_is_refused(product, upstream, case, tmp_path):
    done = run(product, "deploy", merge(upstream, REFUSED[case]), tmp_path)
    assert done.code == 3, done.err
