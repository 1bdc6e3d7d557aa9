import pytest

from learnflow_infra.engine.verbs.chart_lock import differences
from learnflow_infra.errors import InputError
from learnflow_infra.models import Profile, ReleaseName
from learnflow_infra.sources import lockfile
from learnflow_infra.sources.lockfile import Lock, LockedChart

UPSTREAM, KAFKA, DB = Profile("upstream"), ReleaseName("kafka"), ReleaseName("db")


def locked(letter="a", version="1.2.0"):
    return LockedChart(chart="oci://r.example/c", version=version, digest=f"sha256:{letter * 64}")


def test_a_written_lock_is_read_back(tmp_path):
    file = tmp_path / "charts.lock"
    wanted = Lock(profiles={UPSTREAM: {KAFKA: locked(), DB: locked("b")}})
    assert lockfile.write(wanted, file) is True
    assert lockfile.read(file) == wanted
    assert lockfile.read(file).chart(UPSTREAM, DB) == locked("b")
    assert lockfile.read(file).chart(Profile("embedded"), DB) is None
    assert file.read_text().startswith("# ")
    assert [path.name for path in tmp_path.iterdir()] == ["charts.lock"]


def test_the_same_lock_is_not_written_again(tmp_path):
    file = tmp_path / "charts.lock"
    wanted = Lock(profiles={UPSTREAM: {KAFKA: locked()}})
    lockfile.write(wanted, file)
    before = file.stat().st_mtime_ns
    assert lockfile.write(wanted, file) is False
    assert file.stat().st_mtime_ns == before


def test_without_a_file_nothing_is_locked(tmp_path):
    assert lockfile.read(tmp_path / "none").chart(UPSTREAM, KAFKA) is None


def test_a_malformed_lock_is_refused_with_its_line(tmp_path):
    file = tmp_path / "charts.lock"
    lockfile.write(Lock(profiles={UPSTREAM: {KAFKA: locked()}}), file)
    file.write_text(file.read_text().replace("sha256:", "md5:"))
    with pytest.raises(InputError, match=r"charts.lock:\d+: 'md5:a+' does not match"):
        lockfile.read(file)


def test_differences_are_reported_by_release():
    before = Lock(profiles={UPSTREAM: {KAFKA: locked(), DB: locked()}})
    after = Lock(profiles={UPSTREAM: {KAFKA: locked("c", "1.3.0"), ReleaseName("new"): locked()}})
    db, kafka, new = differences(before, after)
    assert db.startswith("upstream db: 1.2.0 sha256:aaa")
    assert db.endswith("-> nothing")
    assert "-> 1.3.0 sha256:ccc" in kafka
    assert "new: nothing -> 1.2.0" in new
    assert differences(before, before) == []
