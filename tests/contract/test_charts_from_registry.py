"""Charts from a real registry on loopback: by digest and tag, locked, mirrored, and its faults."""

import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from learnflow_infra.clients import helm_pull
from learnflow_infra.clients.registry_words import Fault
from learnflow_infra.errors import ArtifactError, RefusedError
from learnflow_infra.events import Message, StepFinished, ignore
from learnflow_infra.models import ChartSource
from learnflow_infra.sources import charts
from learnflow_infra.sources.lockfile import LockedChart
from learnflow_infra.sources.mirror import Mirror
from tests.contract.oci import free_port, package

pytestmark = pytest.mark.contract


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache and credentials of this test only."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HELM_CONFIG_HOME", str(tmp_path / "helm"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    return tmp_path / "cache" / "learnflow-infra"


def packed(tmp_path, version="1.0.0", **values):
    folder = tmp_path / "demo"
    folder.mkdir(exist_ok=True)
    meta = {"apiVersion": "v2", "name": "demo", "version": version}
    (folder / "Chart.yaml").write_text(json.dumps(meta))
    (folder / "values.yaml").write_text(json.dumps(values))
    return package(folder, tmp_path)


@pytest.fixture
def digest(registry, tmp_path):
    return registry.push_chart(packed(tmp_path, size=1), "team")


def source_of(registry, version="1.0.0"):
    return ChartSource(chart=f"oci://{registry.host}/team/demo", version=version)


def locked(source, digest):
    return LockedChart(chart=source.chart, version=source.version, digest=digest)


def obtain(source, lock=None, mirrors=(), emit=ignore):
    return asyncio.run(charts.obtain(source, lock, mirrors, emit))


def test_an_unlocked_chart_is_pulled_by_its_version_with_a_warning(registry, digest):
    events = []
    chart = obtain(source_of(registry), emit=events.append)
    assert (chart.name, chart.version, chart.digest) == ("demo", "1.0.0", digest)
    assert chart.defaults.values == {"size": 1}
    (text,) = [event.text for event in events if isinstance(event, Message)]
    assert "is not locked" in text
    assert "chart lock" in text


def test_a_locked_chart_is_pulled_by_its_digest_alone(registry, digest):
    before = len(registry.requests())
    source, events = source_of(registry), []
    chart = obtain(source, locked(source, digest), emit=events.append)
    assert chart.digest == digest
    sent = registry.requests()[before:]
    assert any(digest in line for line in sent)
    assert not any("manifests/1.0.0" in line or "tags" in line for line in sent)
    assert [event.changed for event in events if isinstance(event, StepFinished)] == [None]


def test_a_locked_and_cached_chart_needs_no_request(registry, digest):
    source = source_of(registry)
    first = obtain(source, locked(source, digest))
    before = len(registry.requests())
    events = []
    assert obtain(source, locked(source, digest), emit=events.append) == first
    assert len(registry.requests()) == before
    assert events == []
    with registry.stopped():
        assert obtain(source, locked(source, digest)) == first


def test_a_damaged_cache_entry_is_pulled_again_and_no_file_is_left(registry, digest, cache):
    source = source_of(registry)
    path = obtain(source, locked(source, digest)).path
    good = path.read_bytes()
    path.write_bytes(good[:-20])
    with registry.stopped(), pytest.raises(ArtifactError, match="cannot be pulled"):
        obtain(source, locked(source, digest))
    assert obtain(source, locked(source, digest)).path.read_bytes() == good
    assert [file for file in cache.rglob("*") if file.is_file()] == [path]


def test_several_runs_at_the_same_time_pull_once(registry, digest, cache):
    source = source_of(registry)

    async def together():
        work = (charts.obtain(source, locked(source, digest), (), ignore) for _ in range(6))
        return await asyncio.gather(*work)

    charts_ = asyncio.run(together())
    assert len({chart.path for chart in charts_}) == 1
    assert [file for file in cache.rglob("*") if file.is_file()] == [charts_[0].path]


def test_a_mirror_is_used_instead_and_the_lock_still_holds(registry, digest):
    source = ChartSource(chart="oci://registry.invalid/charts/demo", version="1.0.0")
    mirrors = [Mirror(source="registry.invalid/charts", to=f"{registry.host}/team")]
    chart = obtain(source, locked(source, digest), mirrors)
    assert (chart.reference, chart.digest) == (source.chart, digest)


def test_a_version_that_differs_from_the_lock_is_not_used(registry, digest, tmp_path):
    source = source_of(registry)
    moved = registry.push_chart(packed(tmp_path, size=2), "team")
    assert moved != digest
    assert obtain(source, locked(source, digest)).defaults.values == {
        "size": 1
    }  # by digest: still there
    absent = "sha256:" + "a" * 64
    with pytest.raises(RefusedError, match="not the one that was locked") as error:
        obtain(source, locked(source, absent))
    assert absent in error.value.why
    assert moved in error.value.why
    assert "learnflow-infra chart lock" in str(error.value.remedy)


def test_a_damaged_chart_of_the_registry_is_refused(registry, digest, cache):
    layers = sorted(
        (registry.folder / "data").rglob("blobs/**/data"), key=lambda f: f.stat().st_size
    )
    archive = next(f for f in layers if f.read_bytes()[:2] == b"\x1f\x8b")
    content = bytearray(archive.read_bytes())
    content[30] ^= 0xFF
    archive.write_bytes(content)
    source = source_of(registry)
    with pytest.raises(ArtifactError, match="cannot be pulled") as error:
        obtain(source, locked(source, digest))
    assert error.value.fault is Fault.damaged
    assert [file for file in cache.rglob("*") if file.is_file()] == []


def test_an_absent_version_is_an_error_with_the_newest_version(registry, digest, tmp_path):
    registry.push_chart(packed(tmp_path, version="1.2.0-rc.1"), "team")
    with pytest.raises(ArtifactError, match="cannot be pulled: not found") as error:
        obtain(source_of(registry, "9.9.9"))
    assert "The newest version in the registry is 1.2.0-rc.1." in error.value.why
    assert "skill.yaml" in str(error.value.remedy)


def test_an_absent_chart_is_an_error(registry):
    with pytest.raises(ArtifactError, match="cannot be pulled: not found") as error:
        obtain(source_of(registry))
    assert "newest" not in error.value.why


def test_a_tag_that_holds_another_version_is_refused(registry, digest):
    old = f"{registry.host}/team/demo"
    copy = ["skopeo", "copy", "--src-tls-verify=false", "--dest-tls-verify=false"]
    subprocess.run(
        [*copy, f"docker://{old}:1.0.0", f"docker://{old}:3.0.0"], check=True, capture_output=True
    )
    with pytest.raises(ArtifactError, match=r"serves the chart demo 1\.0\.0 as 3\.0\.0"):
        obtain(source_of(registry, "3.0.0"))


def test_a_registry_that_is_down_is_reported_without_a_timeout(registry, digest):
    with registry.stopped(), pytest.raises(ArtifactError, match="cannot be pulled") as error:
        obtain(source_of(registry))
    assert "connection refused" in error.value.why
    assert "--image-mirror" in str(error.value.remedy)
    assert "bundle load" in str(error.value.remedy)


def test_a_registry_that_does_not_answer_is_an_error_after_the_limit(registry, digest, monkeypatch):
    monkeypatch.setattr(helm_pull, "PULL_SECONDS", 1.0)
    with registry.frozen(), pytest.raises(ArtifactError, match="was not pulled within 1 s"):
        obtain(source_of(registry))


def test_an_interrupted_pull_leaves_no_helm_and_no_file(registry, digest, cache):
    async def interrupted():
        task = asyncio.create_task(charts.obtain(source_of(registry), None, (), ignore))
        while not (helms := children()):  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return helms

    with registry.frozen():
        helms = asyncio.run(interrupted())
    assert not helms & children()
    assert [file for file in cache.rglob("*") if file.is_file()] == []


def children():
    """The children of this process that run `helm pull`."""
    pids = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has ended since
            pids.update((task / "children").read_text().split())
    return {pid for pid in pids if b"helm\0pull" in command_line(pid)}


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended
        return b""


def test_a_registry_that_requires_a_password(closed_registry, tmp_path, monkeypatch):
    source = source_of(closed_registry)
    with pytest.raises(ArtifactError, match="cannot be pulled: not authorised") as error:
        obtain(source)
    assert f"helm registry login {closed_registry.host}" in str(error.value.remedy)
    known = closed_registry.login(tmp_path / "known")
    monkeypatch.setenv("DOCKER_CONFIG", str(known))
    digest = closed_registry.push_chart(packed(tmp_path), "team")
    assert obtain(source, locked(source, digest)).digest == digest


def test_a_request_is_repeated_after_dropped_connections(registry, digest):
    """A listener that drops the first connections, then passes on to the registry."""
    port, drops = free_port(), 2
    source = ChartSource(chart=f"oci://127.0.0.1:{port}/team/demo", version="1.0.0")

    async def serve(reader, writer):
        nonlocal drops
        if drops:
            drops -= 1
            writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
            )
            writer.transport.abort()
            return
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", registry.port)
        await asyncio.gather(pipe(reader, to_writer), pipe(to_reader, writer))

    async def pipe(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def main():
        server = await asyncio.start_server(serve, "127.0.0.1", port)
        try:
            return await charts.obtain(source, locked(source, digest), (), ignore)
        finally:
            server.close()

    assert asyncio.run(main()).digest == digest
    assert drops == 0


def test_a_read_only_cache_is_an_error(registry, digest, cache):
    shutil.rmtree(cache, ignore_errors=True)
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text("a file where the folder should be")
    with pytest.raises(ArtifactError, match="cannot be stored") as error:
        obtain(source_of(registry))
    assert "XDG_CACHE_HOME" in str(error.value.remedy)
