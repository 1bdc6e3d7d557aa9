"""Files that a user names: none is read without end, and no pipe is waited for in vain."""

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from learnflow_infra.documents import given
from learnflow_infra.errors import InputError


@pytest.fixture
def pipe(tmp_path, monkeypatch):
    """A named pipe; a writer has half a second."""
    monkeypatch.setattr(given, "PATIENCE", 0.5)
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_the_bytes_of_a_file(tmp_path):
    file = tmp_path / "f"
    file.write_bytes(b"a: 1\n")
    assert given.content(file) == b"a: 1\n"


@pytest.mark.parametrize("path", ["", "/none/x", "/", "\0"])
def test_a_file_that_cannot_be_read(path):
    with pytest.raises(InputError, match=r"^the file cannot be read"):
        given.content(path, "the file")


@pytest.mark.parametrize("size", [given.LIMIT, given.LIMIT + 1])
def test_the_size_is_limited(tmp_path, size):
    file = tmp_path / "f"
    with file.open("wb") as opened:
        opened.truncate(size)
    if size <= given.LIMIT:
        assert len(given.content(file)) == size
        return
    with pytest.raises(InputError) as error:
        given.content(file)
    assert error.value.what == f"{file} is larger than 5 MiB."


def test_a_device_without_end():
    with pytest.raises(InputError, match="/dev/zero is larger than"):
        given.content("/dev/zero")


def test_stdin_without_end(monkeypatch):
    with Path("/dev/zero").open() as zero:
        monkeypatch.setattr(given.sys, "stdin", zero)
        with pytest.raises(InputError, match="stdin is larger than"):
            given.content("-", "stdin")


def test_stdin_that_is_closed(monkeypatch):
    monkeypatch.setattr(given.sys, "stdin", None)
    with pytest.raises(InputError, match="stdin is closed"):
        given.content("-", "stdin")


def test_a_pipe_that_nothing_writes_to(pipe):
    begun = time.monotonic()
    with pytest.raises(InputError, match="is a pipe, and nothing writes to it"):
        given.content(pipe)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("pause", [0, 1.0])
def test_a_pipe_with_a_writer_is_read_to_its_end(pipe, pause):
    """Once a writer is there, it may take its time, as one that asks for a password does."""

    def write():
        with pipe.open("wb", buffering=0) as opened:
            time.sleep(pause)
            for _ in range(3):
                opened.write(b"a" * 100_000)

    writer = threading.Thread(target=write)
    writer.start()
    assert given.content(pipe) == b"a" * 300_000
    writer.join()


@pytest.mark.parametrize(("program", "content"), [("true", b""), ("echo a", b"a\n")])
def test_the_output_of_a_program_of_the_shell(program, content):
    """`-f <(program)` of bash and zsh."""
    with subprocess.Popen(["sh", "-c", program], stdout=subprocess.PIPE) as running:
        running.wait()
        assert given.content(f"/dev/fd/{running.stdout.fileno()}") == content
