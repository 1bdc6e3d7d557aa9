import json

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from values_strategies import as_yaml, documents, flags

from learnflow_infra.documents import dump, reading
from learnflow_infra.documents.merging import leaves
from learnflow_infra.errors import InputError
from learnflow_infra.models import Profile, ReleaseName
from learnflow_infra.sources import charts
from learnflow_infra.sources.chart_reading import Defaults
from learnflow_infra.values import (
    Flags,
    Layer,
    compute,
    origins_document,
    read_overrides,
)
from learnflow_infra.values.explain import document, explain, text
from learnflow_infra.values.origins import dotted, undotted

KAFKA, POSTGRES = ReleaseName("kafka"), ReleaseName("postgres")
CHART = """
heap: 1g
config: {a: 1, b.c: 2}
auth: {user: u, password: ""}
topics: []
resources: {limits: {cpu: 1}}
"""


@pytest.fixture
def computed(tmp_path):
    for name, content in {
        "chart/values.yaml": CHART,
        "chart/Chart.yaml": "name: kafka\nversion: 1.0.0\n",
        "values/kafka/values.yaml": "heap: 512m\ntopics: [{name: a}]\nauth: {user: v}\n",
        "values/kafka/values-embedded.yaml": "\nheap: 256m\n",
        "my.yaml": "kafka:\n  resources: null\n  auth:\n    password: hunter2\nglobal: {g: 1}\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    overrides = read_overrides(
        Flags(
            files=(tmp_path / "my.yaml",),
            set_values=(r"kafka.config.b\.c=3,kafka.topics[0].name=z", "kafka.token=12345678"),
            set_json=('kafka.config={"d":4}',),
        ),
        [KAFKA, POSTGRES],
    )
    return compute(
        KAFKA,
        Profile("embedded"),
        overrides=overrides,
        chart=charts.read(tmp_path / "chart").defaults,
        below=[Layer(name="image built by this project", values={"image": {"tag": "t"}})],
        above=[Layer(name="--image-mirror a=b", values={"image": {"registry": "b"}})],
        folder=tmp_path / "values",
    )


def told(computed, key, tmp_path):
    found = [text(item) for item in explain([computed], key)]
    return "\n".join(found).replace(f"{tmp_path}/", "")


def test_the_chain_of_a_key(computed, tmp_path):
    assert told(computed, "kafka.heap", tmp_path).split("\n") == [
        "kafka.heap: 256m",
        "    1g    chart default (chart/values.yaml:2)",
        "    512m  values/kafka/values.yaml:1",
        "  = 256m  values/kafka/values-embedded.yaml:2",
    ]


def test_layers_of_the_project_and_corrections_are_named(computed, tmp_path):
    said = told(computed, "kafka.image", tmp_path)
    assert "= b  --image-mirror a=b" in said
    assert "= t  image built by this project" in said


def test_a_null_ends_the_chain(computed, tmp_path):
    assert told(computed, "kafka.resources", tmp_path).split("\n") == [
        "kafka.resources: not set",
        "    kafka.resources.limits.cpu: 1  chart default (chart/values.yaml:6)",
        "  - null                           -f my.yaml:2",
    ]
    below = told(computed, "kafka.resources.limits.cpu", tmp_path).split("\n")
    assert below[0] == "kafka.resources.limits.cpu: not set"
    assert below[2].split() == ["-", "kafka.resources:", "null", "-f", "my.yaml:2"]


def test_a_mapping_set_as_a_whole_lets_the_default_show_again(computed, tmp_path):
    assert told(computed, "kafka.config.a", tmp_path).split("\n") == [
        "kafka.config.a: 1",
        "    1                 chart default (chart/values.yaml:3)",
        '    kafka.config: {}  --set-json kafka.config={"d":4}',
        "  = 1                 chart default (chart/values.yaml:3)",
    ]


def test_a_dot_in_a_key_is_written_as_for_set(computed, tmp_path):
    said = told(computed, r"kafka.config.b\.c", tmp_path)
    assert said.endswith(r"= 3                 --set kafka.config.b\.c=3")


def test_an_index_changes_a_list_which_is_explained_as_a_whole(computed, tmp_path):
    said = told(computed, "kafka.topics[0].name", tmp_path).split("\n")
    assert said[-1].split("  ") == ["", '= [{"name": "z"}]', "--set kafka.topics[0].name=z"]


def test_a_mapping_explains_all_below_it_and_global_is_found(computed):
    assert [item.key for item in explain([computed], "kafka.auth")] == [
        "kafka.auth.password",
        "kafka.auth.user",
    ]
    (shared,) = explain([computed], "global.g")
    assert shared.key == "kafka.global.g"
    assert shared.value == 1


def test_an_unknown_key_is_refused_with_a_suggestion(computed):
    with pytest.raises(InputError) as error:
        explain([computed], "kafka.haep")
    assert error.value.remedy == "Did you mean kafka.heap?"
    with pytest.raises(InputError) as error:
        explain([computed], "heap")
    assert error.value.remedy == "Did you mean kafka.heap?"


def test_secrets_are_nowhere(computed):
    everything = json.dumps(
        [
            origins_document(computed.release, computed.origins),
            document(explain([computed], "kafka")),
            [text(item) for item in explain([computed], "kafka")],
        ]
    )
    assert "hunter2" not in everything
    assert "12345678" not in everything
    assert "--set kafka.token=***" in everything


def test_the_document_of_origins(computed):
    found = origins_document(computed.release, computed.origins)
    assert {key: found[key] for key in ("apiVersion", "kind", "release")} == {
        "apiVersion": "learnflow.infra/v1",
        "kind": "Origins",
        "release": "kafka",
    }
    assert [item["value"] for item in found["origins"]["heap"]] == ["1g", "512m", "256m"]
    assert reading.parse(dump(found).encode(), "origins.yaml").content == found


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_dotted_keys_read_back(path):
    assert list(undotted(dotted(path))) == path


RELEASE = documents().map(lambda inner: {"kafka": inner})


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    chart=documents(),
    project=documents(),
    texts=st.lists(
        RELEASE | st.tuples(RELEASE, documents()).map(lambda p: {**p[0], "global": p[1]})
    ),
    said=flags(st.sampled_from(["kafka.a", "kafka.b.e", "kafka.a.b[1]", "global.a"])),
)
def test_the_last_word_of_every_chain_is_the_value(tmp_path_factory, chart, project, texts, said):
    """For every key that the chart sees, whatever the layers are."""
    folder = tmp_path_factory.mktemp("origins")
    (folder / "kafka").mkdir()
    (folder / "kafka/values.yaml").write_text(as_yaml(project))
    for index, one in enumerate(texts):
        (folder / f"{index}.yaml").write_text(as_yaml(one))
    typed = tuple(value for flag, value in said if flag == "--set")
    json_typed = tuple(value for flag, value in said if flag == "--set-json")
    paths = tuple(folder / f"{index}.yaml" for index in range(len(texts)))
    try:
        overrides = read_overrides(
            Flags(files=paths, set_values=typed, set_json=json_typed), [KAFKA]
        )
        found = compute(
            KAFKA,
            Profile("embedded"),
            overrides=overrides,
            chart=Defaults(values=reading.parse(as_yaml(chart).encode(), "chart").content),
            folder=folder,
        )
    except InputError:
        assume(False)  # noqa: FBT003 - hypothesis' own word for "another example"
    for path, value in leaves(found.effective):
        last = found.origins[dotted(path)][-1]
        assert last.key or last.value == value, (path, value, found.origins[dotted(path)])
        if last.key:
            assert value == {}, "only an empty mapping can be left over"
