import tarfile

import pytest

from learnflow_infra import documents
from learnflow_infra.models import Profile, ReleaseName
from learnflow_infra.sources import charts
from learnflow_infra.sources.chart_reading import Defaults
from learnflow_infra.values import Flags, compute, read_overrides, unknown_keys, warnings

DEFAULTS = {
    "image": {"registry": "r", "tag": "t"},
    "auth": {"database": "", "enabled": True},
    "config": {},
    "metrics": None,
    "podLabels": {"a": "b"},
    "resources": {"limits": {"cpu": 1}},
    "livenessProbe": {"enabled": True},
}
SCHEMA = {
    "properties": {
        "brokers": {"type": "integer"},
        "open": {"additionalProperties": True, "properties": {"a": {}}},
        "typed": {"additionalProperties": {"type": "string"}},
        "shut": {"additionalProperties": False, "properties": {"known": {}}},
        "referred": {"$ref": "#/$defs/size"},
        "composed": {"anyOf": [{"properties": {"one": {}}}, {"properties": {"two": {}}}]},
        "pattern": {"patternProperties": {"^x-": {}}, "properties": {"y": {}}},
        "elsewhere": {"$ref": "https://example.org/schema.json"},
    },
    "$defs": {"size": {"properties": {"width": {}}}},
}


@pytest.mark.parametrize(
    ("values", "unknown"),
    [
        ({"imge": {"tag": "x"}}, {"imge": "image"}),
        ({"image": {"tags": "x"}}, {"image.tags": "image.tag"}),
        ({"image": {"zzz": {"deep": 1}}}, {"image.zzz": ""}),
        ({"database": "x"}, {"database": "auth.database"}),
        ({"a.b": 1}, {r"a\.b": ""}),
        ({"broker": 3}, {"broker": "brokers"}),
        ({"shut": {"knwon": 1}}, {"shut.knwon": "shut.known"}),
        ({"referred": {"widht": 1}}, {"referred.widht": "referred.width"}),
        ({"composed": {"three": 1}}, {"composed.three": ""}),
        ({"pattern": {"z": 1}}, {"pattern.z": ""}),
        # Known, or free.
        ({"image": {"tag": "x"}, "brokers": 3, "auth": {"database": "x"}}, {}),
        ({"config": {"any": {"thing": 1}}, "metrics": {"any": 1}}, {}),
        ({"podLabels": {"mine": "x"}, "resources": {"requests": {"gpu": 1}}}, {}),
        ({"livenessProbe": {"terminationGracePeriodSeconds": 1}}, {}),
        ({"open": {"any": 1}, "typed": {"any": {"x": 1}}, "pattern": {"x-any": 1}}, {}),
        ({"composed": {"one": 1, "two": 2}, "elsewhere": {"any": 1}, "shut": {"known": 1}}, {}),
        ({"global": {"any": 1}, "tags": {"any": True}}, {}),
        ({"auth": "a text", "image": None}, {}),
    ],
)
def test_unknown_keys_and_what_was_meant(values, unknown):
    found = unknown_keys(values, Defaults(values=DEFAULTS, schema=SCHEMA))
    assert {item.key: item.suggestion for item in found} == unknown


def test_a_chart_without_values_knows_everything():
    assert unknown_keys({"a": {"b": 1}}, Defaults()) == []


def make_chart(folder):
    for name, text in {
        "Chart.yaml": "name: c\nversion: 1.0.0\n"
        "dependencies: [{name: common}, {name: x, alias: other}]\n",
        "values.yaml": "a: 1\nb:\n  c: 2\n",
        "templates/deep/x.yaml": "{{ .Values.fullnameOverride }} {{ $.Values.b.d.e }}.",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_what_only_templates_and_subcharts_know_is_known(tmp_path, packed):
    chart = make_chart(tmp_path / "c")
    if packed:
        with tarfile.open(tmp_path / "sha.tgz", "w:gz") as archive:
            archive.add(chart, "c")
        chart = tmp_path / "sha.tgz"
    found = charts.read(chart).defaults
    assert found.values == {"a": 1, "b": {"c": 2}}
    assert found.file.source(("b", "c")).endswith("/values.yaml:3")
    values = {"fullnameOverride": 1, "b": {"d": {"e": 1}, "f": 1}, "common": {"x": 1}, "other": {}}
    unknown = unknown_keys(values, found)
    assert [item.key for item in unknown] == ["b.f"]


def test_a_warning_says_where_and_what(tmp_path):
    file = tmp_path / "my.yaml"
    file.write_text("kafka:\n  imge:\n    tag: x\n")
    flags = Flags(files=(file,), set_values=("kafka.image.tga=1",))
    computed = compute(
        ReleaseName("kafka"),
        Profile("x"),
        overrides=read_overrides(flags, [ReleaseName("kafka")]),
        chart=Defaults(values=DEFAULTS),
        folder=tmp_path,
    )
    flag = "--set kafka.image.tga=1"
    assert [str(item) for item in computed.unknown_keys()] == [
        f"-f {file}:3: the chart has no key kafka.imge. Did you mean kafka.image?",
        f"{flag}: the chart has no key kafka.image.tga. Did you mean kafka.image.tag?",
    ]


def test_all_warnings_together(tmp_path):
    file = tmp_path / "my.yaml"
    file.write_text(
        "kafka: {image: {tag: 1, tag: 2}, imge: 1, global: {b: {}}}\n"
        "postgres: {imge: 1}\n"
        "global: {a: 1, b: 2, storageClas: x, unheard: {of: 1}}\n"
    )
    kafka, postgres = ReleaseName("kafka"), ReleaseName("postgres")
    overrides = read_overrides(Flags(files=(file,)), [kafka, postgres])
    defaults = {
        kafka: {"image": {"tag": ""}, "global": {"storageClass": "", "b": 1}},
        postgres: {"global": {"a": 0}, "open": 1},
    }
    schemas = {postgres: {"additionalProperties": True}}
    computed = [
        compute(
            name,
            Profile("x"),
            overrides=overrides,
            chart=Defaults(values=chart, schema=schemas.get(name)),
            folder=tmp_path,
        )
        for name, chart in defaults.items()
    ]
    at = f"-f {file}"
    assert warnings(overrides, computed) == [
        f"{file}:1: the key 'tag' is set twice; its value on line 1 is ignored.",
        "kafka: global.b is a mapping on one side only.",
        f"{at}:1: the chart has no key kafka.imge. Did you mean kafka.image?",
        f"{at}:3: the chart has no key global.storageClas. Did you mean global.storageClass?",
        f"{at}:3: the chart has no key global.unheard.",
    ]


def test_our_own_values_are_known_to_our_own_charts():
    from learnflow_infra.paths import repo_root

    pairs = [
        pair
        for chart in repo_root().glob("skills-library/*/charts/*")
        for pair in [(chart, repo_root() / "charts-values" / chart.name / "values-embedded.yaml")]
        if pair[1].exists()
    ]
    assert {chart.name for chart, _values in pairs} == {"kafka", "postgres"}
    for chart, values in pairs:
        found = charts.read(chart).defaults
        read = documents.read(values).content
        assert unknown_keys(read, found) == []
