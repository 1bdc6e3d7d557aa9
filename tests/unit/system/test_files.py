import os
import stat

import pytest

from learnflow_infra.errors import FoundationError
from learnflow_infra.system import files


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_a_file_gets_text_or_bytes_and_its_folders(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    files.replace(path, "ä")
    assert path.read_bytes() == "ä".encode()
    files.replace(path, b"\x00")
    assert path.read_bytes() == b"\x00"
    assert names(path.parent) == ["file"]


def test_a_write_that_fails_leaves_the_old_content_and_no_temporary_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def interrupted():
        with files.replacing(path) as temporary:
            temporary.write_text("half of the n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_a_full_disk_leaves_the_old_content_and_no_temporary_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FoundationError, match="cannot be written") as caught:
        files.update(path, "new")
    assert caught.value.why == "No space left on device"
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_a_private_file_is_private_before_it_has_its_name(tmp_path):
    path = tmp_path / "key"
    with files.replacing(path, mode=0o600) as temporary:
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_umask_limits_the_mode(tmp_path):
    before = os.umask(0o027)
    try:
        files.replace(tmp_path / "file", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_an_update_reports_whether_the_text_differed(tmp_path):
    path = tmp_path / "file"
    assert files.update(path, "x")
    before = path.stat().st_ino
    assert not files.update(path, "x")
    assert path.stat().st_ino == before
    assert files.update(path, "y")


def test_a_scratch_folder_ends_with_its_block(tmp_path):
    with files.scratch(tmp_path / "tmp", "oci-") as folder:
        (folder / "file").write_text("x")
        assert names(tmp_path / "tmp") == [folder.name]
        assert folder.name.startswith("oci-")
    assert names(tmp_path / "tmp") == []
