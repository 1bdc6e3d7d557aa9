"""A namespace's name is text in every chart, also one that YAML reads as something else."""

import subprocess

import pytest
import yaml

from learnflow_infra.clients.helm_program import executable
from learnflow_infra.paths import repo_root

CHARTS = sorted(file.parent for file in repo_root().glob("skills-library/*/charts/*/Chart.yaml"))


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
@pytest.mark.parametrize("namespace", ["y", "on", "123", "1e3", "learnflow"])
def test_a_namespace_is_text(chart, namespace):
    image = ["--set-string", "image.tag=t"] * (chart.name != "strimzi-kafka")
    command = [executable(), "template", "r", str(chart), "-n", namespace, *image]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    objects = [item for item in yaml.safe_load_all(done.stdout) if item]
    assert {item["metadata"]["namespace"] for item in objects} == {namespace}
