"""Every value of this project's charts: deployed to a verified endpoint, or refused first."""

import json
import re

import pytest
import yaml

from learnflow_infra.documents import schema_faults
from tests.full import walk

NAMESPACE = "walk"
CASES = walk.cases()
GUARDED = [case for case in CASES if case.by == "chart"]


class Walk:
    """Deploys a case into a namespace of its own, and deletes what it made."""

    def __init__(self, product, folder):
        self.product, self.file = product, folder / "values.yaml"

    def deploy(self, case, *args):
        values = yaml.safe_dump(case.values)
        self.file.write_text(values.replace(walk.NODE, self.product.cluster.node_address))
        self.product.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(namespace()))
        for obj in case.objects:
            self.product.kubectl("-n", NAMESPACE, "apply", "-f", "-", stdin=yaml.safe_dump(obj))
        return self.product.run("deploy", case.skill, "-n", NAMESPACE, "-f", str(self.file), *args)

    def clear(self, case):
        self.product.ok("delete", case.skill, "-n", NAMESPACE, "--purge-data", "--yes")
        self.product.kubectl("-n", NAMESPACE, "delete", "pvc,secret,configmap", "--all")


def namespace():
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}


@pytest.fixture(scope="module")
def walked(product, tmp_path_factory):
    return Walk(product, tmp_path_factory.mktemp("walk"))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_value_is_deployed_or_refused(walked, case):
    done = walked.deploy(case)
    try:
        assert done.code in (case.refused or {0}), done.err
        if not case.refused:
            document = json.loads((walked.product.phase / "endpoints.json").read_text())
            assert schema_faults(document, "endpoints") == []
            assert document["namespace"] == NAMESPACE
            assert re.search(r"verified: \d+ checks passed", done.out)
    finally:
        walked.clear(case)


@pytest.fixture
def unguarded(product):
    """The charts without what refuses values."""
    saved = {}
    for release in walk.SKILLS:
        chart = product.checkout / walk.chart(release).relative_to(walk.repo_root())
        for file in (chart / "values.schema.json", chart / "templates/_refusals.tpl"):
            saved[file] = file.read_text()
        (chart / "values.schema.json").unlink()
        (chart / "templates/_refusals.tpl").write_text(
            f'{{{{- define "{release}.refuse" }}}}{{{{ end -}}}}'
        )
    yield
    for file, text in saved.items():
        file.write_text(text)


@pytest.mark.parametrize("case", GUARDED, ids=str)
def test_without_the_refusal_a_deploy_would_fail(unguarded, walked, case):
    try:
        assert walked.deploy(case, "--timeout", "90s").code != 0
    finally:
        walked.clear(case)
