"""Values that volumes keep: what is refused, what is only warned of, and how to keep them."""

import json
from types import SimpleNamespace

import pytest

from learnflow_infra.dialect import HELM_4
from learnflow_infra.engine.release import fixed_values
from learnflow_infra.engine.release.state import Observed
from learnflow_infra.engine.request import marks
from learnflow_infra.errors import RefusedError
from learnflow_infra.models import FixedByVolumes
from learnflow_infra.sources.chart_reading import Defaults

RULES = (
    FixedByVolumes(keys=("brokers",), change="growth", why="Records would be lost.", remedy="R."),
    FixedByVolumes(keys=("auth.database", "auth.password"), why="It is made at the first start."),
    FixedByVolumes(keys=("initdb",), change="ignored", why="Scripts run once."),
)
DEFAULTS = {"brokers": 1, "auth": {"database": "", "password": "a"}, "initdb": {"scripts": {}}}


def prepared(values, *, asked=True):
    source = "--set x" if asked else "charts-values/kafka/values.yaml:1"
    computed = SimpleNamespace(
        effective={**DEFAULTS, **values},
        source_of=lambda path: source if path else "",
        dialect=HELM_4,
    )
    return SimpleNamespace(
        release=SimpleNamespace(name="r", skill="s", fixed_by_volumes=RULES, volumes={"app": "r"}),
        chart=SimpleNamespace(defaults=Defaults(values=DEFAULTS)),
        computed=computed,
    )


def observed(values):
    live = SimpleNamespace(values=values, status="deployed")
    return Observed(live=live, deployed=live)


def session(*claims):
    asked = []
    kube = SimpleNamespace(items=lambda path, labels: asked.append((path, labels)) or list(claims))
    return SimpleNamespace(namespace="n", kube=kube, asked=asked)


def database(name):
    return {"auth": {"database": name, "password": "a"}}


@pytest.mark.parametrize(
    ("old", "new", "refused"),
    [
        ({}, {}, ""),
        ({"brokers": 3}, {"brokers": 1}, "r.brokers"),
        ({"brokers": 1}, {"brokers": 3}, ""),
        ({"brokers": "3"}, {"brokers": 3}, ""),
        ({}, database("app"), "r.auth.database"),
        (database("app"), database("app"), ""),
        ({}, {"initdb": {"scripts": {"a.sql": ""}}}, ""),
    ],
)
def test_what_volumes_keep_is_refused(old, new, refused):
    one = session({"metadata": {"name": "data-r-0"}})
    if not refused:
        fixed_values.require_kept(one, prepared(new), observed(old))
        assert one.asked == []
        return
    with pytest.raises(RefusedError) as error:
        fixed_values.require_kept(one, prepared(new), observed(old))
    assert error.value.what.startswith(f"{refused} cannot change for volumes that exist")
    assert one.asked == [("/api/v1/namespaces/n/persistentvolumeclaims", "app=r")]


@pytest.mark.parametrize("new", [["a", "b"], {"a": 1}])
def test_a_value_of_another_type_is_refused_as_others_are(new):
    volume = session({"metadata": {"name": "data-r-0"}})
    with pytest.raises(RefusedError) as error:
        fixed_values.require_kept(volume, prepared(database(new)), observed(database("app")))
    assert error.value.why.startswith(f"r.auth.database: app now, {new} in this deploy")


def test_without_volumes_everything_may_change():
    fixed_values.require_kept(session(), prepared({"brokers": 1}), observed({"brokers": 3}))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (True, "Keep what runs: --set r.brokers=3\nR."),
        (False, "--set r.brokers=3, or learnflow-infra deploy --reuse-values\nR."),
    ],
)
def test_the_flag_that_keeps_the_value_is_named(asked, words):
    volume = session({"metadata": {"name": "data-r-0"}})
    with pytest.raises(RefusedError) as error:
        fixed_values.require_kept(volume, prepared({}, asked=asked), observed({"brokers": 3}))
    assert str(error.value.remedy).endswith(words)
    assert "r.brokers: 3 now, 1 in this deploy\nRecords would be lost." in error.value.why


def test_a_value_that_is_asked_for_and_one_that_is_dropped_are_kept_by_one_way():
    claim = session({"metadata": {"name": "data-r-0"}})
    desired = prepared({})
    desired.computed.source_of = lambda path: "--set x" if path == ("brokers",) else ""
    before = {"brokers": 3, "auth": {"database": "app", "password": "a"}}
    with pytest.raises(RefusedError) as error:
        fixed_values.require_kept(claim, desired, observed(before))
    assert error.value.remedy.startswith(
        "Keep what runs: leave out what sets r.brokers, and add --reuse-values."
    )


def test_secrets_are_not_shown():
    volume = session({"metadata": {"name": "data-r-0"}})
    new = {"auth": {"database": "", "password": "geheim"}}
    with pytest.raises(RefusedError) as error:
        fixed_values.require_kept(volume, prepared(new), observed({}))
    assert "geheim" not in str(error.value)
    assert "--set" not in str(error.value)


SCRIPT = {"initdb": {"scripts": {"a.sql": "x"}}}


@pytest.mark.parametrize(
    ("new", "state", "claims", "warned"),
    [
        (SCRIPT, observed({}), 1, True),
        (SCRIPT, observed(SCRIPT), 1, False),
        (SCRIPT, Observed(), 1, True),  # the volume outlived the release
        (SCRIPT, Observed(), 0, False),
        ({}, Observed(), 1, False),
    ],
)
def test_a_value_without_effect_is_warned_of(new, state, claims, warned):
    one = session(*[{"metadata": {"name": "data-r-0"}}] * claims)
    lines = fixed_values.ignored(one, prepared(new), state)
    text = "r.initdb has no effect on a volume that exists: Scripts run once."
    assert lines == ([text] if warned else [])


def claim(**first):
    annotations = {marks.FIRST_VALUES: json.dumps(first)} if first else {}
    return {"metadata": {"name": "data-r-0", "annotations": annotations}}


@pytest.mark.parametrize(
    ("kept", "new", "asked", "refused"),
    [
        ({"auth.database": "app"}, database("app"), True, ""),
        ({"auth.database": "app"}, database("other"), True, "app now, other in this deploy"),
        ({"auth.database": "app"}, {}, False, "app now, unset in this deploy"),
        ({"auth.database": None}, {}, False, ""),
        ({"auth.database": None}, database("app"), False, "unset now, app in this deploy"),
        ({"brokers": 1}, {"brokers": 3}, True, ""),
        ({"brokers": 3}, {"brokers": 1}, False, "r.brokers: 3 now, 1 in this deploy"),
        ({}, database("app"), True, ""),  # an earlier version made the volume
        ({"brokers": 1}, database("app"), True, ""),  # the rule is newer than the volume
    ],
)
def test_a_volume_that_outlived_its_release_keeps_its_first_values(kept, new, asked, refused):
    one, desired = session(claim(**kept)), prepared(new, asked=asked)
    if not refused:
        fixed_values.require_kept(one, desired, Observed())
        return
    with pytest.raises(RefusedError) as error:
        fixed_values.require_kept(one, desired, Observed())
    assert refused in error.value.why
    assert "--reuse-values" not in str(error.value.remedy)
    assert str(error.value.remedy).endswith("see: learnflow-infra delete --help")


def test_what_an_unknown_volume_may_not_take_is_warned_of():
    lines = fixed_values.ignored(session(claim()), prepared(database("app")), Observed())
    assert lines == [
        "r.auth.database has no effect on a volume that exists: It is made at the first start."
    ]


@pytest.mark.parametrize(
    ("values", "known", "kept"),
    [
        ({}, {}, {"brokers": None, "auth.database": None}),
        (
            {**database("app"), "brokers": 3, "initdb": {"scripts": {"a": "x"}}},
            {},
            {"brokers": 3, "auth.database": "app"},
        ),
        (
            {**database("other"), "brokers": 3},
            {"auth.database": "app", "brokers": 1},
            {"brokers": 3, "auth.database": "app"},
        ),
    ],
    ids=["the chart's defaults", "no secrets, no scripts", "the first value; a number grows"],
)
def test_what_a_volume_keeps_is_marked(values, known, kept):
    assert fixed_values.kept(RULES, values, known) == kept
