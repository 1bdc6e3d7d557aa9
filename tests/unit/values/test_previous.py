"""Values of an earlier deploy: which ones this deploy drops, and how they are reused."""

import pytest

from learnflow_infra.models import Profile, ReleaseName
from learnflow_infra.sources.chart_reading import Defaults
from learnflow_infra.values import Flags, Layer, compute, previous, read_overrides
from learnflow_infra.values.typed import SetInteger

RELEASE = ReleaseName("kafka")
BUILT = Layer(name="built", values={"image": {"registry": "learnflow.local", "tag": "2"}})


def computed(folder, *set_values, below=(BUILT,)):
    (folder / RELEASE).mkdir(exist_ok=True)
    (folder / RELEASE / "values.yaml").write_text("brokers: 1\nconfig: {a.b: 1}\n")
    return compute(
        RELEASE,
        Profile("embedded"),
        overrides=read_overrides(Flags(set_values=set_values), [RELEASE]),
        chart=Defaults(values={"heap": "1g"}),
        below=below,
        folder=folder,
    )


SAME = {"brokers": 1, "config": {"a.b": 1}, "image": {"registry": "learnflow.local", "tag": "2"}}


@pytest.mark.parametrize(
    ("old", "flags", "keys"),
    [
        (SAME, [], []),
        ({**SAME, "heap": "2g"}, [], ["kafka.heap"]),  # would be the chart's default again
        ({**SAME, "heap": "2g"}, ["kafka.heap=2g"], []),
        ({**SAME, "heap": "2g"}, ["kafka.heap=3g"], []),  # this deploy decides it
        ({**SAME, "brokers": 3}, [], ["kafka.brokers"]),
        (
            {**SAME, "config": {"a.b": 2, "c.d": 1}},
            [],
            [r"kafka.config.a\.b", r"kafka.config.c\.d"],
        ),
        ({**SAME, "resources": {"limits": None}}, [], ["kafka.resources.limits"]),
        ({**SAME, "podLabels": {}}, [], []),
        ({**SAME, "topics": [{"name": "x"}]}, [], ["kafka.topics"]),
        ({"brokers": 1}, [], []),  # a new key of the files
        ({**SAME, "brokers": 1.0}, [], []),
    ],
)
def test_values_that_a_deploy_drops(tmp_path, old, flags, keys):
    assert previous.dropped(old, computed(tmp_path, *flags)) == keys


def test_images_that_this_project_builds_are_never_reused(tmp_path):
    old = {**SAME, "image": {"registry": "learnflow.local", "tag": "1"}}
    assert previous.dropped(old, computed(tmp_path), {("image",)}) == []
    assert previous.dropped(old, computed(tmp_path)) == ["kafka.image.tag"]


def test_one_line_names_the_keys_but_no_value(tmp_path):
    old = {**SAME, "password": "geheim", **{f"k{number:02}": number for number in range(20)}}
    line = previous.line(previous.dropped(old, computed(tmp_path)))
    assert "kafka.password, kafka.k00" in line
    assert "and 9 more" in line
    assert "--reuse-values" in line
    assert "geheim" not in line
    assert "\n" not in line


def test_reused_values_are_above_the_files_and_below_the_flags(tmp_path):
    kept = previous.differing({**SAME, "brokers": 3, "heap": "2g"}, computed(tmp_path).values)
    layer = previous.layer("revision 4 of the release (--reuse-values)", kept)
    assert layer.values == {"brokers": 3, "heap": "2g"}
    result = computed(tmp_path, "kafka.heap=3g", below=(BUILT, layer))
    assert (result.values["brokers"], result.values["heap"]) == (3, "3g")
    assert [origin.source for origin in result.origins["brokers"]] == [
        f"{tmp_path.name}/kafka/values.yaml:1",
        "revision 4 of the release (--reuse-values)",
    ]


def test_large_integers_keep_their_digits_but_secrets_stay_off_the_command_line():
    values = {
        ("a",): 10**7,
        ("b",): 8080,
        ("password",): 10**7,
        ("c",): [{"n": 10**7}],
        ("d",): True,
    }
    made = previous.layer("n", values).values
    marked = [isinstance(item, SetInteger) for item in (made["a"], made["c"][0]["n"])]
    assert marked == [True, True]
    plain = (made["b"], made["password"], made["d"])
    assert not any(isinstance(item, SetInteger) for item in plain)
    assert made["d"] is True
