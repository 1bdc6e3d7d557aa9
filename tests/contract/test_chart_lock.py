"""`chart lock` against a real registry on loopback, by the command itself."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from learnflow_infra import skills as library
from learnflow_infra.cli.main import app
from learnflow_infra.clusters import target as targets
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.prepare import prepare
from learnflow_infra.errors import RefusedError
from learnflow_infra.events import ignore
from learnflow_infra.models import ChartSource, Profile, Release, ReleaseName, SkillName
from learnflow_infra.sources import lockfile
from tests.contract.test_charts_from_registry import cache, packed

__all__ = ["cache"]
pytestmark = pytest.mark.contract
UPSTREAM, DEMO = targets.UPSTREAM, ReleaseName("demo")


@pytest.fixture
def file(tmp_path, monkeypatch):
    made = tmp_path / "values" / "charts.lock"
    made.parent.mkdir()
    monkeypatch.setattr(lockfile, "path", lambda: made)
    return made


@pytest.fixture
def skill(registry, monkeypatch):
    """The library is one skill, whose only chart is in the registry; a test may replace it."""
    source = ChartSource(chart=f"oci://{registry.host}/team/demo", version="1.0.0")
    release = Release(name=DEMO, skill=SkillName("demo"), profiles={UPSTREAM: source})
    real = library.load_all()[0]
    made = [
        replace(real, name=SkillName("demo"), releases=(release,), credentials=(), endpoints=())
    ]

    def load_all(*_args, **_options):
        return tuple(made)

    monkeypatch.setattr(library, "load_all", load_all)
    return made


def run(*arguments):
    return CliRunner().invoke(app, ["chart", "lock", *arguments])


def test_the_lock_has_the_registrys_digests_and_a_second_run_changes_nothing(
    registry, tmp_path, file, skill
):
    digest = registry.push_chart(packed(tmp_path), "team")
    done = run()
    assert done.exit_code == 0, done.output
    assert f"upstream demo: oci://{registry.host}/team/demo 1.0.0 {digest}" in done.stdout
    assert "was written" in done.stdout
    text = file.read_text()
    assert text.startswith("# The charts that a deploy installs")
    assert lockfile.read().chart(UPSTREAM, DEMO).digest == digest
    assert "is unchanged" in run().stdout
    assert run("--check").exit_code == 0
    assert file.read_text() == text
    assert [path.name for path in file.parent.iterdir()] == ["charts.lock"]


def test_check_refuses_a_version_that_was_moved_and_the_next_lock_accepts_it(
    registry, tmp_path, file, skill
):
    old = registry.push_chart(packed(tmp_path, size=1), "team")
    run()
    before = file.read_text()
    new = registry.push_chart(packed(tmp_path, size=2), "team")
    refused = run("--check")
    assert refused.exit_code == 10
    assert old in refused.stderr
    assert new in refused.stderr
    assert file.read_text() == before
    assert f"changed: upstream demo: 1.0.0 {old} -> 1.0.0 {new}" in run().stdout
    assert run("--check").exit_code == 0


def test_entries_of_removed_charts_leave_the_lock(registry, tmp_path, file, skill):
    registry.push_chart(packed(tmp_path), "team")
    run()
    skill[:] = [replace(skill[0], releases=(replace(skill[0].releases[0], profiles={}),))]
    assert "-> nothing" in run().stdout
    assert lockfile.read() == lockfile.Lock()


def test_nothing_is_written_if_a_chart_cannot_be_pulled(registry, tmp_path, file, skill):
    registry.push_chart(packed(tmp_path), "team")
    run()
    before = file.read_text()
    source = skill[0].releases[0].profiles[UPSTREAM]
    both = {UPSTREAM: source, Profile("other"): replace(source, version="7.0.0")}
    skill[:] = [replace(skill[0], releases=(replace(skill[0].releases[0], profiles=both),))]
    failed = run()
    assert failed.exit_code == 5
    assert "The newest version in the registry is 1.0.0." in failed.stderr
    assert file.read_text() == before


def test_it_uses_mirrors(registry, tmp_path, file, skill):
    digest = registry.push_chart(packed(tmp_path), "team")
    source = ChartSource(chart="oci://registry.invalid/charts/demo", version="1.0.0")
    release = replace(skill[0].releases[0], profiles={UPSTREAM: source})
    skill[:] = [replace(skill[0], releases=(release,))]
    assert run("--image-mirror", f"registry.invalid/charts={registry.host}/team").exit_code == 0
    locked = lockfile.read().chart(UPSTREAM, DEMO)
    assert (locked.chart, locked.digest) == (source.chart, digest)


def test_a_deploy_refuses_another_version_than_the_locked_one(registry, tmp_path, file, skill):
    registry.push_chart(packed(tmp_path), "team")
    run()
    options = Options(profile=UPSTREAM)
    (prepared,) = prepare(planning.without_cluster(options, ignore), ignore)
    assert prepared.chart.version == "1.0.0"
    source = replace(skill[0].releases[0].profiles[UPSTREAM], version="1.1.0")
    release = replace(skill[0].releases[0], profiles={UPSTREAM: source})
    skill[:] = [replace(skill[0], releases=(release,))]
    count = len(registry.requests())
    with pytest.raises(RefusedError, match="is not the locked one") as error:
        prepare(planning.without_cluster(options, ignore), ignore)
    assert "charts.lock has" in error.value.why
    assert len(registry.requests()) == count


def test_a_lock_that_cannot_be_written(registry, tmp_path, file, skill, monkeypatch):
    registry.push_chart(packed(tmp_path), "team")
    (tmp_path / "no-folder").write_text("")
    monkeypatch.setattr(lockfile, "path", lambda: tmp_path / "no-folder" / "charts.lock")
    failed = run()
    assert failed.exit_code == 11
    assert "cannot be written" in failed.stderr
