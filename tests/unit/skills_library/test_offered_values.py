"""The tables of offered values cover the charts' keys; a chart refuses what its table says."""

import functools
import subprocess

import pytest
import yaml

from learnflow_infra.clients.helm_program import executable
from learnflow_infra.documents.merging import put
from tests.full import walk

REFUSED = [case for chart in walk.CHARTS for case in walk.of_table(chart) if case.by == "chart"]
STRIMZI = [case for case in walk.of_table("strimzi-kafka") if not case.refused]


def render(chart, *settings):
    """The output of `helm template`, and its error, for dotted keys and values."""
    values = {}
    for key, value in settings:
        values = put(values, key, value)
    command = [executable(), "template", chart, walk.chart(chart), "-n", "ns", "-f", "-"]
    if "image" in yaml.safe_load((walk.chart(chart) / "values.yaml").read_text()):
        command += ["--set-string", "image.tag=x"]
    done = subprocess.run(
        list(map(str, command)),
        input=yaml.safe_dump(values),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout, done.stderr


@pytest.mark.parametrize("chart", walk.CHARTS)
def test_every_key_of_a_chart_has_a_case(chart):
    assert {case.key for case in walk.of_table(chart)} == walk.keys(chart)


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_the_chart_refuses_it_and_names_the_key(case):
    _, error = render(case.release, (case.key, case.value), *case.others.items())
    keys = {case.key, *case.others}
    names = case.value if isinstance(case.value, dict) else {}  # helm names another path of these
    places = {*keys, *(key.rsplit(".", 1)[0] for key in keys)}
    places |= {place.replace(".", "/") for place in places} | {f"Name '{name}'" for name in names}
    assert any(place in error for place in places), error


@functools.cache
def without(others):
    text, _ = render("strimzi-kafka", *yaml.safe_load(others).items())
    return text


@pytest.mark.parametrize("case", STRIMZI, ids=str)
def test_a_value_of_strimzi_s_chart_changes_what_is_rendered(case):
    text, error = render(case.release, (case.key, case.value), *case.others.items())
    assert text, error
    assert text != without(yaml.safe_dump(case.others))
