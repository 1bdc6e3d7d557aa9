"""The entry point of the PostgreSQL image, with imitations of the programs that it starts."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import pytest

IMAGE = Path(__file__).parents[3] / "skills-library/postgres-k8s-setup/images/postgresql"

DEAF_SERVER = """#!/usr/bin/python3 -S
# Hears no signal before one was lost, as a process that has no handlers yet.
import os, signal, sys
number = getattr(signal, "{heard}")
signal.pthread_sigmask(signal.SIG_BLOCK, [number])
print("started", flush=True)
while number not in signal.sigpending():
    pass
signal.signal(number, signal.SIG_IGN)  # drops it
signal.signal(number, lambda *_: sys.exit(0))
signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
while True:
    signal.pause()
"""

BUSY = "#!/bin/sh\necho started\nexec sleep 600\n"


@pytest.fixture
def start(tmp_path):
    """Start the entry point outside a container; a program says "started" on stdout."""
    home, programs, volume = (tmp_path / name for name in ("home", "bin", "volume"))
    for folder in (programs, volume / "data"):
        folder.mkdir(parents=True)
    (volume / "data/PG_VERSION").write_text("17\n")
    (tmp_path / "entrypoint.sh").write_text(
        (IMAGE / "entrypoint.sh")
        .read_text()
        .replace("/opt/bitnami/postgresql", str(home))
        .replace("/usr/local/lib/learnflow", str(tmp_path))
    )
    for name in ("common.sh", "settings.sh", "initialise.sh"):
        (tmp_path / name).write_text((IMAGE / name).read_text())
    env = {"PATH": f"{programs}:{os.defpath}", "POSTGRESQL_VOLUME_DIR": str(volume)}
    running = []

    def begin(program, text):
        (programs / program).write_text(text)
        (programs / program).chmod(0o755)
        # A signal that is ignored when bash starts, as in the background, cannot be trapped.
        command = ["env", "--default-signal=INT,QUIT", "bash", str(tmp_path / "entrypoint.sh")]
        process = subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        running.append(process)
        assert process.stdout.readline() == "started\n"
        return process

    yield begin
    for process in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(
    ("sent", "heard"), [("SIGTERM", "SIGINT"), ("SIGINT", "SIGINT"), ("SIGQUIT", "SIGQUIT")]
)
def test_a_signal_that_the_server_cannot_hear_yet_is_sent_again(start, sent, heard):
    process = start("postgres", DEAF_SERVER.replace("{heard}", heard))
    process.send_signal(getattr(signal, sent))
    assert process.wait(60) == 0


def test_a_reload_does_not_end_a_server_that_cannot_hear_it_yet(start):
    text = "#!/bin/sh\necho started\nkill -HUP $$\nread -r _ </proc/self/stat\nexit 7\n"
    assert start("postgres", text).wait(60) == 7


def test_a_signal_ends_the_wait_for_the_lock(start):
    process = start("flock", BUSY)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143


def test_a_signal_is_heard_before_anything_is_read(start):
    process = start("../common.sh", "echo started; sleep 600 & wait")
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
