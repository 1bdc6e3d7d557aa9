"""The real helm as the oracle: charts see the same values from us, and we refuse what it refuses.

LEARNFLOW_FUZZ=10000 (`make fuzz`) tries that many cases instead of a hundred.
"""

import copy
import json
import os
from collections import Counter
from functools import reduce
from pathlib import Path

import pytest
import yaml
from dialects import DIALECTS, laid, parser, rows
from helm_oracle import FLAGS, seen, typed, with_integers, write_chart
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from values_strategies import FILES, PATHS, as_yaml, documents, flags, mostly, several

from learnflow_infra.clients import helm_choice
from learnflow_infra.clients.installation import readable
from learnflow_infra.documents import dump, reading
from learnflow_infra.documents.merging import coalesce, merge
from learnflow_infra.errors import InputError
from learnflow_infra.models import Profile, ReleaseName
from learnflow_infra.paths import repo_root
from learnflow_infra.sources.chart_reading import Defaults
from learnflow_infra.values import Flags, compute, read_overrides
from learnflow_infra.values.assign import PathError
from learnflow_infra.values.overrides import _read_text

MAJOR = helm_choice.expected().numbers[0]
DIALECT = DIALECTS[MAJOR]
CASES = int(os.environ.get("LEARNFLOW_FUZZ", "120"))
AGREED = Counter(taken=0, refused=0)
RELEASES = [ReleaseName("kafka"), ReleaseName("postgres")]
settings.register_profile(
    "oracle", deadline=None, suppress_health_check=list(HealthCheck), database=None
)


def examples(part):
    return settings(settings.get_profile("oracle"), max_examples=max(1, int(CASES * part)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, request):
    base = tmp_path_factory.mktemp("oracle")
    (base / "one.txt").write_text("first\n")
    (base / "two.txt").write_text("2")
    write_chart(base / "echo", "echo")
    write_chart(base / "umbrella", "umbrella")
    for release in RELEASES:
        write_chart(base / "umbrella/charts" / release, release)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(base)
        yield base
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        said = ", ".join(f"{count} {what}" for what, count in AGREED.items())
        total = AGREED["taken"] + AGREED["refused"]
        print(f"\nRandom cases on which helm and we agree: {total} ({said})")  # noqa: T201


def write_files(folder, texts):
    for index, text in enumerate(texts):
        (folder / f"{index}.yaml").write_text(text)
    return [Path(f"{index}.yaml") for index in range(len(texts))]


def arguments(paths, typed_flags):
    given = [word for path in paths for word in ("-f", str(path))]
    return given + [f"{flag}={text}" for flag, text in typed_flags]


def ours(paths, typed_flags):
    """The document that one chart gets; None when we refuse."""
    try:
        files = [reading.read(path, parser=parser(DIALECT)).content for path in paths]
        document = copy.deepcopy(reduce(merge, files, {}))
        for kind in FLAGS:
            for flag, text in typed_flags:
                if flag == kind:
                    document = laid(document, flag, text, _read_text, DIALECT)
    except (InputError, PathError):
        return None
    return document


@examples(0.5)
@given(defaults=documents(), texts=st.lists(FILES, max_size=2), typed_flags=flags())
def test_a_chart_sees_what_helm_gives_it(folder, defaults, texts, typed_flags):
    (folder / "echo/values.yaml").write_text(as_yaml(defaults))
    paths = write_files(folder, texts)
    from_helm = seen(folder / "echo", arguments(paths, typed_flags))
    values = ours(paths, typed_flags)
    assert (values is None) == (from_helm is None)
    if values is not None:
        chart = reading.read(folder / "echo/values.yaml", parser=parser(DIALECT)).content
        assert typed(coalesce(chart, values, DIALECT)) == from_helm["echo"]
    AGREED["refused" if values is None else "taken"] += 1


ROWS = repo_root() / "tests/unit/tables"


@pytest.mark.parametrize(
    "row",
    rows(yaml.safe_load((ROWS / "values_flags.yaml").read_text()), MAJOR),
    ids=lambda row: str(row["flags"]),
)
def test_the_table_of_flags_tells_what_helm_does(folder, row):
    (folder / "echo/values.yaml").write_text("")
    given = [tuple(typed.split(" ", 1)) for typed in row["flags"]]
    from_helm = seen(folder / "echo", arguments([], given))
    assert (from_helm is None) == ("refused" in row)
    if from_helm is not None:
        assert from_helm["echo"] == typed(ours([], given))


@pytest.mark.parametrize(
    "row",
    rows(yaml.safe_load((ROWS / "values_yaml.yaml").read_text()), MAJOR),
    ids=lambda row: row["text"],
)
def test_the_table_of_files_tells_what_helm_does(folder, row):
    (folder / "echo/values.yaml").write_text("")
    (path,) = write_files(folder, [row["text"]])
    from_helm = seen(folder / "echo", arguments([path], []))
    assert (from_helm is None) == ("refused" in row)
    if from_helm is not None:
        assert from_helm["echo"] == typed(reading.read(path, parser=parser(DIALECT)).content)


SCOPES = st.sampled_from(["kafka", "postgres", "global", "kafka.global"])
SCOPED = st.tuples(SCOPES, PATHS).map(".".join)


def scoped_files():
    value = documents() | st.sampled_from(["1", "null", "{}", "[]"])
    inner = st.tuples(documents(), st.none() | value).map(
        lambda pair: pair[0] if pair[1] is None else {**pair[0], "global": pair[1]}
    )
    release = mostly(inner, st.sampled_from(["null", "{}", "3", "[]"]), odds=20)
    keys = st.sampled_from(["kafka", "postgres"])
    shared = mostly(st.none() | documents(), st.sampled_from(["3", "null"]))
    texts = st.tuples(st.dictionaries(keys, release), shared).map(
        lambda pair: as_yaml(pair[0] if pair[1] is None else {**pair[0], "global": pair[1]})
    )
    return several(texts)


def computed(folder, paths, typed_flags):
    """What we give each release; None when we refuse."""
    by_flag = {
        "set_json": "--set-json",
        "set_values": "--set",
        "set_string": "--set-string",
        "set_file": "--set-file",
    }
    flags_ = {
        name: tuple(text for flag, text in typed_flags if flag == kind)
        for name, kind in by_flag.items()
    }
    try:
        overrides = read_overrides(Flags(files=tuple(paths[1:]), **flags_), RELEASES, DIALECT)
        found = {}
        for release in RELEASES:
            chart = folder / "umbrella/charts" / release
            found[release] = compute(
                release,
                Profile("upstream"),
                overrides=overrides,
                chart=Defaults(values=reading.read(chart / "values.yaml").content),
                folder=folder / "charts-values",
                dialect=DIALECT,
            )
    except InputError as error:
        assume("is not a release" not in error.what)
        assume("rounded by Helm" not in error.what)  # helm takes it, and changes it
        return None
    return found


def prepare(folder, defaults, project, texts):
    """Charts with defaults; the project's own values are helm's first file."""
    for release, values in zip(RELEASES, defaults, strict=True):
        chart = folder / "umbrella/charts" / release
        (chart / "values.yaml").write_text(as_yaml(values))
        own = folder / "charts-values" / release
        own.mkdir(parents=True, exist_ok=True)
        (own / "values.yaml").write_text(as_yaml(project[release]))
    return write_files(folder, [as_yaml(project), *texts])


CASE = {
    "defaults": st.tuples(
        documents(), st.tuples(documents(), documents()).map(lambda p: {**p[0], "global": p[1]})
    ),
    "project": st.fixed_dictionaries({str(release): documents() for release in RELEASES}),
    "texts": st.lists(scoped_files(), max_size=2),
    "typed_flags": flags(SCOPED, SCOPED, st.sampled_from(["kafka", "postgres", "global"])),
}


def agrees(folder, given, release, mine, from_helm):
    """Whether a release sees what helm gives its subchart, by itself if not beside the other.

    Helm hands all subcharts the same mappings from two levels below `global` on, and fills
    the defaults and values of each into them: the `global` of one chart shows in the others.
    Nobody can want that of releases that are installed one by one.
    """
    if {"global": {}, **mine} == {"global": {}, **from_helm[release]}:
        return True
    (other,) = (name for name in RELEASES if name != release)
    beside = folder / "umbrella/charts" / other
    moved = beside.rename(folder / other)
    alone = seen(folder / "umbrella", given)[release]
    moved.rename(beside)
    AGREED["of them only without the other chart"] += 1
    return {"global": {}, **mine} == {"global": {}, **alone}


@examples(0.4)
@given(**CASE)
@example(
    defaults=({}, {"global": {"a": {"a": {"a": "1"}}}}),
    project={"kafka": {}, "postgres": {}},
    texts=["\nglobal:\n  a:\n    a: {}\n"],
    typed_flags=(),
)
@example(
    defaults=({}, {"global": {}}),
    project={"kafka": {}, "postgres": {}},
    texts=["\nkafka:\n  global:\n    a:\n      a:\n        a: 1\nglobal:\n  a:\n    a: {}\n"],
    typed_flags=(),
)
def test_releases_see_what_an_umbrella_chart_gives_them(
    folder, defaults, project, texts, typed_flags
):
    paths = prepare(folder, defaults, project, texts)
    found = computed(folder, paths, typed_flags)
    given = arguments(paths, typed_flags)
    from_helm = seen(folder / "umbrella", given)
    assert (found is None) == (from_helm is None)
    for release, one in (found or {}).items():
        mine = with_integers(copy.deepcopy(one.effective), one.set_arguments)
        assert agrees(folder, given, release, mine, from_helm)
    AGREED["refused" if found is None else "taken"] += 1


@examples(0.1)
@given(**CASE)
def test_helm_makes_the_same_of_what_we_give_it(folder, defaults, project, texts, typed_flags):
    """By stdin and --set, as a deploy does; `dump` is what the artifacts hold."""
    paths = prepare(folder, defaults, project, texts)
    found = computed(folder, paths, typed_flags)
    assume(found is not None)
    in_helm = arguments(paths, typed_flags)
    from_helm = seen(folder / "umbrella", in_helm)
    for release, one in found.items():
        chart = folder / "umbrella/charts" / release
        sets = [word for text in one.set_arguments for word in ("--set", text)]
        given = readable(json.dumps(one.values).encode()).decode()
        for document in (given, dump(one.values)):
            again = seen(chart, ["-f", "-", *sets], stdin=document)[release]
            assert agrees(folder, in_helm, release, again, from_helm)
    AGREED["taken"] += 1
