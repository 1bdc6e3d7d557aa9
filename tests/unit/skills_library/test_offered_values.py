"""The tables of offered values cover the charts' keys; a chart refuses what its table says."""

import subprocess

import pytest
import yaml

from learnflow_infra.clients.helm_program import executable
from tests.full import walk

REFUSED = [case for case in walk.cases() if case.by == "chart"]


@pytest.mark.parametrize("release", walk.SKILLS)
def test_every_key_of_a_chart_has_a_case(release):
    assert {case.key for case in walk.of_table(release)} == walk.keys(release)


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_the_chart_refuses_it_and_names_the_key(case, tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump(case.values[case.release]))
    command = [executable(), "template", case.release, walk.chart(case.release), "-f", values]
    done = subprocess.run(
        [*map(str, command), "--set-string", "image.tag=x"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode
    named = {case.key, *case.others}
    assert any(key in done.stderr or key.rsplit(".", 1)[0] in done.stderr for key in named)
