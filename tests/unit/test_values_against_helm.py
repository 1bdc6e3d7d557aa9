"""The real helm as the oracle: our merge gives charts the same values as `helm -f a -f b`."""

import subprocess
from functools import reduce

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from learnflow_infra.clients.helm import executable
from learnflow_infra.values.merge import merge

KEYS = st.sampled_from(["a", "b", "c", "d"])
LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "x", "yes", "0x1"])
VALUES = st.recursive(
    LEAVES, lambda v: st.lists(v, max_size=2) | st.dictionaries(KEYS, v, max_size=3), max_leaves=6
)
FILES = st.lists(st.dictionaries(KEYS, VALUES, max_size=3), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def chart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chart")
    (folder / "templates").mkdir()
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: echo\nversion: 0.1.0\n")
    (folder / "templates/values.yaml").write_text("{{ toYaml .Values }}\n")
    return folder


def seen(chart, files, tmp):
    command = [executable(), "template", "x", str(chart)]
    for index, values in enumerate(files):
        path = tmp / f"{index}.yaml"
        path.write_text(yaml.safe_dump(values))
        command += ["-f", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return yaml.safe_load(done.stdout)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(defaults=st.dictionaries(KEYS, VALUES, max_size=3), files=FILES)
def test_one_merged_file_is_what_helm_makes_of_many(chart, tmp_path_factory, defaults, files):
    tmp = tmp_path_factory.mktemp("values")
    (chart / "values.yaml").write_text(yaml.safe_dump(defaults))
    assert seen(chart, [reduce(merge, files, {})], tmp) == seen(chart, files, tmp)
