import asyncio
import json
import subprocess
from dataclasses import replace

import pytest

from learnflow_infra.clients import helm, helm_pull
from learnflow_infra.errors import InputError, RefusedError
from learnflow_infra.events import ignore
from learnflow_infra.models import ChartSource
from learnflow_infra.sources import charts
from learnflow_infra.sources.lock import LockedChart

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
    folder = tmp_path / "demo"
    for name, document in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(document))  # JSON is YAML
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def packed(folder):
    command = [helm.executable(), "package", str(folder), "-d", str(folder.parent)]
    subprocess.run(command, check=True, capture_output=True)
    return folder.parent / "demo-1.0.0.tgz"


def test_a_folder_and_its_archive_are_the_same_chart(chart):
    folder, archive = charts.read(chart), charts.read(packed(chart))
    assert folder == replace(archive, path=chart)
    assert (folder.name, folder.version, folder.schema) == ("demo", "1.0.0", {"type": "object"})


def test_defaults_of_a_dependency_lie_below_its_name(chart):
    assert charts.read(chart).values == {"a": 1, "lib": {"x": "ours", "y": "theirs"}}


def test_crds_are_those_of_the_crds_folders(chart):
    names = [crd["metadata"]["name"] for crd in charts.read(chart).crds]
    assert sorted(names) == ["others.example.org", "things.example.org"]


def test_what_is_no_chart_is_refused(tmp_path):
    with pytest.raises(InputError, match="no chart"):
        charts.read(tmp_path)
    (tmp_path / "x.tgz").write_text("no archive")
    with pytest.raises(InputError, match="no chart archive"):
        charts.read(tmp_path / "x.tgz")


def test_the_cache_gives_back_what_was_stored_and_nothing_damaged(chart, cache):
    digest = "sha256:" + "a" * 64
    assert charts.cached(digest) is None
    path = charts.store(digest, packed(chart))
    assert charts.cached(digest) == path
    path.write_bytes(path.read_bytes()[:-1])
    assert charts.cached(digest) is None
    assert charts.store(digest, packed(chart)) == charts.cached(digest) == path


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
    assert "learnflow-infra chart lock" in error.value.remedy


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
