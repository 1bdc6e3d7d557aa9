import asyncio
import json
import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import replace

import pytest
import yaml

from learnflow_infra.clients import helm_program, helm_pull
from learnflow_infra.clients.registry_faults import RegistryError
from learnflow_infra.clients.registry_words import Fault
from learnflow_infra.errors import InputError, RefusedError
from learnflow_infra.events import ignore
from learnflow_infra.models import ChartSource
from learnflow_infra.sources import charts
from learnflow_infra.sources.lockfile import LockedChart

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.org"},
}


@pytest.fixture
def chart(tmp_path):
    """A chart with CRDs, a schema, and a packed dependency under another name."""
    meta = {"apiVersion": "v2", "name": "demo", "version": "1.0.0"}
    below = {"name": "library", "version": "2.0.0", "alias": "lib"}
    texts = {
        "Chart.yaml": {**meta, "dependencies": [below]},
        "values.yaml": {"a": 1, "lib": {"x": "ours"}},
        "values.schema.json": {"type": "object"},
        "crds/thing.yaml": CRD,
        "templates/crds/note.yaml": CRD,
        "charts/library/Chart.yaml": {**meta, "name": "library", "version": "2.0.0"},
        "charts/library/values.yaml": {"x": "theirs", "y": "theirs"},
        "charts/library/crds/thing.yaml": {**CRD, "metadata": {"name": "others.example.org"}},
    }
    return written(tmp_path / "demo", texts)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def packed(folder):
    command = [helm_program.executable(), "package", str(folder), "-d", str(folder.parent)]
    subprocess.run(command, check=True, capture_output=True)
    return folder.parent / "demo-1.0.0.tgz"


def test_a_folder_and_its_archive_are_the_same_chart(chart):
    folder, archive = charts.read(chart), charts.read(packed(chart))
    assert folder == replace(archive, path=chart, defaults=folder.defaults)
    assert folder.defaults == replace(archive.defaults, file=folder.defaults.file)
    assert folder.defaults.file.lines == archive.defaults.file.lines
    assert (folder.name, folder.version, folder.defaults.schema) == (
        "demo",
        "1.0.0",
        {"type": "object"},
    )


def test_defaults_of_a_dependency_lie_below_its_name(chart):
    assert charts.read(chart).defaults.values == {"a": 1, "lib": {"x": "ours", "y": "theirs"}}


def test_crds_are_those_of_the_crds_folders(chart):
    names = [crd["metadata"]["name"] for crd in charts.read(chart).crds]
    assert sorted(names) == ["others.example.org", "things.example.org"]


LAYERS = {
    "Chart.yaml": {
        "apiVersion": "v2",
        "name": "top",
        "version": "1.0.0",
        "dependencies": [
            {"name": "low", "version": "1.0.0", "alias": "one"},
            {"name": "low", "version": "1.0.0", "alias": "two"},
        ],
    },
    "values.yaml": {
        "one": {"deep": {"ours": 1}, "gone": None, "list": [1]},
        "bare": {"deeper": {"x": "from the top"}},
    },
    "charts/low/Chart.yaml": {"apiVersion": "v2", "name": "low", "version": "1.0.0"},
    "charts/low/values.yaml": {"deep": {"theirs": 2}, "gone": 3, "list": [2, 3], "low": True},
    "charts/low/crds/a.yaml": CRD,
    "charts/bare/Chart.yaml": {"apiVersion": "v2", "name": "bare", "version": "1.0.0"},
    "charts/bare/values.yaml": {"not": "declared"},
    "charts/bare/charts/deeper/Chart.yaml": {
        "apiVersion": "v2",
        "name": "deeper",
        "version": "1.0.0",
    },
    "charts/bare/charts/deeper/values.yaml": {"x": 1, "y": 2},
    "charts/_left/Chart.yaml": {"apiVersion": "v2", "name": "left", "version": "1.0.0"},
    "crds/z.yaml": {**CRD, "metadata": {"name": "z.example.org"}},
    "crds/more/y.json": {**CRD, "metadata": {"name": "y.example.org"}},
    "crds/README.md": {"no": "manifest"},
}


def written(folder, texts):
    for name, document in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(document))  # JSON is YAML
    return folder


def as_helm_sees(folder):
    """The values that helm gives the templates, and the CRDs that it would install."""
    template = folder / "templates" / "values.yaml"
    template.parent.mkdir(exist_ok=True)
    template.write_text("values: {{ .Values | toJson }}")

    def helm(*words):
        done = subprocess.run([helm_program.executable(), *words], check=True, capture_output=True)
        return done.stdout.decode()

    values = yaml.safe_load(helm("template", str(folder)))["values"]
    names = re.findall(r"\w+\.example\.org", helm("show", "crds", str(folder)))
    return without_globals(values), sorted(names)


def without_globals(values):
    """Helm puts an empty `global` into every subchart."""
    return {
        key: without_globals(value) if isinstance(value, dict) else value
        for key, value in values.items()
        if (key, value) != ("global", {})
    }


@pytest.mark.parametrize("pack", [False, True], ids=["folders", "packed"])
def test_defaults_and_crds_are_those_that_helm_sees(tmp_path, pack):
    folder = written(tmp_path / "top", LAYERS)
    if pack:
        for name in ("low", "bare"):
            inner, into = str(folder / "charts" / name), str(folder / "charts")
            command = [helm_program.executable(), "package", inner, "-d", into]
            subprocess.run(command, check=True, capture_output=True)
            shutil.rmtree(inner)
    values, crds = as_helm_sees(folder)
    chart = charts.read(folder)
    assert chart.defaults.values == values
    assert sorted(crd["metadata"]["name"] for crd in chart.crds) == crds
    assert set(crds) == {"things.example.org", "y.example.org", "z.example.org"}


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        ("Chart.yaml", "a: [", "Chart.yaml:2: this is not valid YAML"),
        ("Chart.yaml", "name: x", "is not a chart"),
        ("values.yaml", "- 1", "values.yaml:1: a mapping is expected"),
        ("values.schema.json", "{", "values.schema.json is not valid JSON"),
        ("crds/a.yaml", "a: \x00", "crds/a.yaml is not valid YAML"),
        ("charts/a.tgz", "no archive", "charts/a.tgz is not a chart archive"),
    ],
)
def test_a_malformed_file_is_named(chart, name, text, match):
    (chart / name).write_text(text)
    with pytest.raises(InputError, match=match):
        charts.read(chart)


def test_a_schema_is_json_and_may_be_indented_by_tabs(chart):
    (chart / "values.schema.json").write_text('\ufeff{\n\t"type": "object"\n}')
    assert charts.read(chart).defaults.schema == {"type": "object"}


def test_a_file_that_is_no_chart_is_refused(tmp_path):
    with pytest.raises(InputError, match="not a chart"):
        charts.read(tmp_path)
    (tmp_path / "x.tgz").write_text("no archive")
    with pytest.raises(InputError, match="not a chart archive"):
        charts.read(tmp_path / "x.tgz")


def test_a_damaged_byte_of_an_archive_is_no_fault_of_this_program(tmp_path):
    """Which byte it is decides what Python raises, if anything."""
    meta = {"apiVersion": "v2", "name": "demo", "version": "1.0.0"}
    files = {"Chart.yaml": meta, "values.yaml": {f"key{i}": f"{i * 7919}" for i in range(999)}}
    data = packed(written(tmp_path / "demo", files)).read_bytes()
    for place in range(40, len(data), len(data) // 20):
        changed = bytes([data[place] ^ 255])
        (tmp_path / "x.tgz").write_bytes(data[:place] + changed + data[place + 1 :])
        with suppress(InputError):
            charts.read(tmp_path / "x.tgz")


@pytest.mark.parametrize("damage", [lambda _: b"", lambda _: b"<html>", lambda data: data[:-40]])
def test_a_layer_that_is_no_archive_is_the_registrys_fault(chart, cache, monkeypatch, damage):
    async def pull(_reference, folder, **_):
        (folder / "demo-1.0.0.tgz").write_bytes(damage(packed(chart).read_bytes()))
        return "sha256:" + "b" * 64

    monkeypatch.setattr(helm_pull, "pull", pull)
    source = ChartSource(chart="oci://registry.example.org/demo", version="1.0.0")
    with pytest.raises(RegistryError) as error:
        asyncio.run(charts.latest(source, (), ignore))
    assert (error.value.exit_code, error.value.fault) == (5, Fault.damaged)
    assert "registry.example.org/demo 1.0.0" in error.value.what
    assert charts.cached("sha256:" + "b" * 64) is None


def test_the_cache_returns_stored_charts_but_no_damaged_ones(chart, cache):
    archive = packed(chart)  # a second one could have another time in it
    digest = "sha256:" + "a" * 64
    assert charts.cached(digest) is None
    path = charts.store(digest, archive)
    assert charts.cached(digest) == path
    path.write_bytes(path.read_bytes()[:-1])
    assert charts.cached(digest) is None
    assert charts.store(digest, archive) == charts.cached(digest) == path


def test_a_locked_chart_in_the_cache_is_taken_from_there(chart, cache):
    digest = "sha256:" + "a" * 64
    charts.store(digest, packed(chart))
    source = ChartSource(chart="oci://nowhere.invalid/demo", version="1.0.0")
    locked = LockedChart(chart=source.chart, version="1.0.0", digest=digest)
    found = asyncio.run(charts.obtain(source, locked, (), ignore))
    assert (found.name, found.digest, found.reference) == ("demo", digest, source.chart)


@pytest.mark.parametrize("changed", [{"version": "2.0.0"}, {"chart": "oci://other.invalid/demo"}])
def test_a_source_that_is_not_the_locked_one_is_refused(cache, changed):
    source = ChartSource(chart="oci://nowhere.invalid/demo", version="1.0.0")
    locked = LockedChart(chart=source.chart, version="1.0.0", digest="sha256:" + "a" * 64)
    with pytest.raises(RefusedError, match="not the locked one") as error:
        asyncio.run(charts.obtain(replace(source, **changed), locked, (), ignore))
    assert "learnflow-infra chart lock" in str(error.value.remedy)


@pytest.mark.parametrize(
    ("reference", "loopback"),
    [
        ("127.0.0.1:5000/a/b", True),
        ("localhost:5000/a", True),
        ("localhost/a", True),
        ("[::1]:5000/a", True),
        ("quay.io/a", False),
        ("127.example.org/a", False),
        ("10.0.0.1:5000/a", False),
    ],
)
def test_plain_http_is_for_loopback_alone(reference, loopback):
    assert helm_pull.is_loopback(reference) is loopback
