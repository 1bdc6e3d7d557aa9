"""Values that only the chart of another profile takes are refused with the profile's name."""

import pytest

from learnflow_infra.engine.request.other_profiles import require_own_keys
from learnflow_infra.errors import InputError
from learnflow_infra.models import Profile, Release, ReleaseName
from learnflow_infra.skills import library
from learnflow_infra.sources import chart_reading
from learnflow_infra.values import Flags, compute, read_overrides

EMBEDDED = Profile("embedded")
NAMES = ["kafka", "postgres", "strimzi"]


def release(name) -> Release:
    found = [r for skill in library.load_all(EMBEDDED) for r in skill.releases if r.name == name]
    return found[0]


def check(name, profile=EMBEDDED, **flags):
    one = release(name)
    overrides = read_overrides(Flags(**flags), list(map(ReleaseName, NAMES)))
    chart = chart_reading.read(library.Path(one.profiles[profile].chart)).defaults
    computed = compute(one.name, profile, overrides=overrides, chart=chart)
    require_own_keys(one, profile, computed)


@pytest.mark.parametrize("key", ["spec", "nodePools", "users", "metadata", "controllers"])
def test_a_key_of_strimzis_chart_names_its_profile(key, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text(f"kafka:\n  brokers: 3\n  {key}: {{}}\n")
    with pytest.raises(InputError) as refused:
        check("kafka", files=(mine,))
    assert refused.value.what == f"-f {mine}:3: kafka.{key} needs the profile upstream."
    assert "deploy --profile upstream" in str(refused.value.remedy)


def test_every_such_key_is_named():
    with pytest.raises(InputError) as refused:
        check("kafka", set_values=("kafka.spec.rack=1,kafka.users.a=1",))
    assert "kafka.spec needs" in refused.value.what
    assert "kafka.users needs" in refused.value.why


def test_the_other_way_round():
    with pytest.raises(InputError, match=r"kafka\.topicsTimeout needs the profile embedded"):
        check("kafka", Profile("upstream"), set_values=("kafka.topicsTimeout=5",))


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("kafka", {}),
        ("kafka", {"set_values": ("kafka.spex=1",)}),
        ("kafka", {"set_values": ("kafka.config.users=1",)}),
        ("postgres", {"set_values": ("postgres.spec=1",)}),
    ],
    ids=["none", "unknown everywhere", "a mapping without fixed keys", "the other chart is remote"],
)
def test_other_keys_are_left_to_helm(name, flags):
    check(name, **flags)
