"""The layout and its tar: whatever is cut or changed is refused by name."""

import hashlib
import io
import json
import os
import tarfile
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from learnflow_infra.errors import ArtifactError
from learnflow_infra.sources.bundle_file import pack, unpack
from learnflow_infra.sources.oci_layout import CONTAINERD, NAME, Layout

DOCKER = "application/vnd.docker.distribution"


def copied(folder, text):
    """A folder as skopeo's `dir:` makes it, of an image of Docker's kind; and its digest."""
    folder.mkdir()

    def blob(data, kind):
        digest = hashlib.sha256(data).hexdigest()
        (folder / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data), "mediaType": kind}

    kind = f"{DOCKER}.manifest.v2+json"
    config, layer = blob(b"{}", "application/json"), blob(text.encode(), f"{DOCKER}.layer")
    manifest = {"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer]}
    data = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(data)
    (folder / "version").write_text("Directory Transport Version: 1.1\n")
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.fixture
def layout(tmp_path):
    made = Layout(root=tmp_path / "oci")
    for name in ("a", "b"):
        copied(tmp_path / name, f"layer of {name}" * 50)
        made.absorb(tmp_path / name, f"quay.io/{name}:1")
    return made


def test_an_absent_layout_is_empty(tmp_path):
    assert Layout(root=tmp_path / "none").entries() == {}


def test_a_copied_image_is_listed_by_its_reference(layout, tmp_path):
    digest = copied(tmp_path / "c", "c")
    layout.absorb(tmp_path / "c", "quay.io/c:1", kind="chart")
    found = layout.entries()["quay.io/c:1"]
    assert found["digest"] == digest
    assert found["mediaType"] == f"{DOCKER}.manifest.v2+json"
    assert found["annotations"] == {
        NAME: "quay.io/c:1",
        CONTAINERD: "quay.io/c:1",
        "kind": "chart",
    }
    assert layout.has(found)
    assert set(layout.entries()) == {"quay.io/a:1", "quay.io/b:1", "quay.io/c:1"}


def test_a_blob_that_is_missing_or_cut_is_seen(layout):
    found = layout.entries()["quay.io/a:1"]
    *_, layer = layout.of(found)
    os.truncate(layout.blob(layer["digest"]), 3)
    assert not layout.has(found)
    layout.blob(found["digest"]).unlink()
    assert not layout.has(found)


def test_entries_unused_for_a_month_are_removed(layout, tmp_path):
    entries = layout.entries()
    old, other = entries["quay.io/a:1"], entries["quay.io/b:1"]
    *_, shared, layer = layout.of(old)
    month = time.time() - 31 * 86400
    for item in (old, other):
        os.utime(layout.blob(item["digest"]), (month, month))
    layout.use([other])
    assert set(layout.entries()) == {"quay.io/b:1"}
    assert layout.has(other)
    assert not layout.blob(old["digest"]).exists()
    assert not layout.blob(layer["digest"]).exists()
    assert layout.blob(shared["digest"]).exists()  # the other one's, too


def test_an_image_is_unpacked_unchanged(layout, tmp_path):
    layout.spread(layout.entries()["quay.io/a:1"], tmp_path / "again")
    copied(tmp_path / "wanted", "layer of a" * 50)
    files = [
        {p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("again", "wanted")
    ]
    assert files[0] == files[1]


def test_a_bundle_round_trip(layout, tmp_path):
    entries = layout.entries()
    pack(layout, [entries["quay.io/a:1"]], tmp_path / "x.tar")
    found = unpack(tmp_path / "x.tar", tmp_path / "out")
    assert found.entries() == {"quay.io/a:1": entries["quay.io/a:1"]}
    assert found.has(entries["quay.io/a:1"])
    assert not list(tmp_path.glob(".x.tar*"))


def test_the_same_content_gives_the_same_bytes(layout, tmp_path):
    entries = layout.entries().values()
    pack(layout, list(entries), tmp_path / "1.tar")
    pack(layout, list(reversed(entries)), tmp_path / "2.tar")
    assert (tmp_path / "1.tar").read_bytes() == (tmp_path / "2.tar").read_bytes()


def test_a_bundle_that_cannot_be_written_leaves_the_old_one(layout, tmp_path):
    (tmp_path / "x.tar").write_text("old")
    entries = layout.entries()
    layout.blob([*layout.of(entries["quay.io/a:1"])][-1]["digest"]).unlink()
    with pytest.raises(FileNotFoundError):
        pack(layout, [entries["quay.io/a:1"]], tmp_path / "x.tar")
    assert (tmp_path / "x.tar").read_text() == "old"
    assert not list(tmp_path.glob(".x.tar*"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(cut=st.integers(min_value=0, max_value=100_000), flip=st.booleans())
def test_no_damage_passes(layout, tmp_path_factory, cut, flip):
    """A bundle cut anywhere, or with a bit of a blob turned, is refused."""
    folder = tmp_path_factory.mktemp("damage")
    bundle = folder / "x.tar"
    pack(layout, list(layout.entries().values()), bundle)
    data = bytearray(bundle.read_bytes())
    with tarfile.open(bundle) as tar:
        blobs = [member for member in tar if member.name.startswith("blobs")]
    if flip:
        blob = blobs[cut % len(blobs)]
        data[blob.offset_data + cut % blob.size] ^= 1
    else:
        last = blobs[-1]
        data = data[: cut % (last.offset_data + last.size)]
    bundle.write_bytes(data)
    with pytest.raises(ArtifactError, match="damaged"):
        unpack(bundle, folder / "out")


def bundle(folder, index, blobs=()):
    """A bundle with this text as its index.json, and these blobs."""
    named = {f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}": blob for blob in blobs}
    with tarfile.open(folder / "bundle.tar", "w") as tar:
        for name, data in {"index.json": index.encode(), **named}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return folder / "bundle.tar"


@pytest.mark.parametrize(
    "index",
    [
        "3",
        "{",
        "[" * 200_000,
        "{}",
        '{"manifests": "x"}',
        '{"manifests": null}',
        '{"manifests": [null]}',
        '{"manifests": [{"annotations": null}]}',
        f'{{"manifests": [{{"annotations": {{"{NAME}": "a"}}, "digest": 3, "size": 1}}]}}',
        f'{{"manifests": [{{"annotations": {{"{NAME}": ["a"]}}, "digest": "sha256:x"}}]}}',
    ],
)
def test_an_index_of_another_form(tmp_path, index):
    with pytest.raises(ArtifactError, match="is not a bundle, or it is damaged"):
        unpack(bundle(tmp_path, index), tmp_path / "into")


@pytest.mark.parametrize("manifest", [{}, {"layers": None}, {"layers": [3]}, {"layers": 3}, [], 3])
def test_a_manifest_of_another_form(tmp_path, manifest):
    if isinstance(manifest, dict):
        manifest = {"config": {"digest": "sha256:" + "0" * 64, "size": 0}, **manifest}
    data = json.dumps(manifest).encode()
    entry = {
        "mediaType": f"{DOCKER}.manifest.v2+json",
        "digest": f"sha256:{hashlib.sha256(data).hexdigest()}",
        "size": len(data),
        "annotations": {NAME: "quay.io/a:1"},
    }
    archive = bundle(tmp_path, json.dumps({"manifests": [entry]}), [data])
    with pytest.raises(ArtifactError, match="is not a bundle, or it is damaged"):
        unpack(archive, tmp_path / "into")


def test_names_that_lead_out_of_the_folder(tmp_path):
    bad = tmp_path / "bad.tar"
    with tarfile.open(bad, "w") as tar:
        for name in ("blobs/sha256/../../../../evil", "/evil", "../evil", "blobs/sha256/evil"):
            tar.addfile(tarfile.TarInfo(name))
    with pytest.raises(ArtifactError, match="damaged"):
        unpack(bad, tmp_path / "out")
    assert not list(tmp_path.rglob("evil"))
