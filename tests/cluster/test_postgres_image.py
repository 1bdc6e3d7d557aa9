"""The PostgreSQL image with its real server, in Linux namespaces, without a cluster.

Needs root, and builds the image if the cache lacks it (mmdebstrap). The server listens on the
loopback of its network namespace; psql is the image's.
"""

import json
import os
import re
import signal
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest

from learnflow_infra import skills
from learnflow_infra.clusters.embedded.images import build
from learnflow_infra.clusters.embedded.images.recipe import ImageRecipe
from tests.cluster.conftest import LIMIT, eventually

IMAGE = Path(__file__).parents[2] / "skills-library/postgres-k8s-setup/images/postgresql"
PASSWORD = 'it\'s "odd" \\ $x `y` %s: ü🐘\n'
SETUP = """
set -eu
root=$1 volume=$2 scripts=$3 user=$4
mount --bind "$root" "$root"
mount --bind "$volume" "$root/bitnami/postgresql"
mount --bind "$scripts" "$root/docker-entrypoint-initdb.d"
for name in tmp opt/bitnami/postgresql/conf opt/bitnami/postgresql/tmp; do
    mount -t tmpfs -o mode=1777 tmpfs "$root/$name"
done
mount -t tmpfs tmpfs "$root/dev"
mkdir -m 1777 "$root/dev/shm"
for name in null zero urandom; do
    touch "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
done
ln -s /proc/self/fd "$root/dev/fd"
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
ip link set lo up
exec chroot --userspec="$user" "$root" /usr/local/bin/entrypoint.sh
"""
DEFAULT_SIGINT = ["env", "--default-signal=INT"]
"""What runs in the background of a script inherits an ignored SIGINT, which bash cannot trap."""

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The image's root file system and its configured environment."""
    layout = build.build(ImageRecipe.load(IMAGE), emit=lambda _: None)
    folder = tmp_path_factory.mktemp("image")
    with tarfile.open(layout) as outer:
        blobs = {m.name.rpartition("/")[2]: m for m in outer.getmembers() if "blobs/" in m.name}

        def document(digest):
            return json.load(outer.extractfile(blobs[digest.removeprefix("sha256:")]))

        index = json.load(outer.extractfile("index.json"))
        manifest = document(index["manifests"][0]["digest"])
        config = document(manifest["config"]["digest"])["config"]
        (layer,) = manifest["layers"]
        with tarfile.open(fileobj=outer.extractfile(blobs[layer["digest"][7:]])) as files:
            files.extractall(folder, filter="fully_trusted")  # noqa: S202 - we built it
    return folder, dict(pair.split("=", 1) for pair in config["Env"])


def children(pid):
    """The children of a process (proc(5)), also of one that has just ended."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


class Container:
    """A running entry point; `first` is the process with pid 1 in the container."""

    def __init__(self, image, volume, scripts, user, env):
        root, base = image
        flags = ["--mount", "--propagation=private", "--pid", "--ipc", "--net", "--fork"]
        outer = [*DEFAULT_SIGINT, "unshare", *flags, "sh", "-c", SETUP, "x"]
        self.log = volume.parent / "log"
        self.env = {**base, **env}
        with self.log.open("ab") as log:
            self.outer = subprocess.Popen(
                [*outer, root, volume, scripts, user],
                env={**self.env, "PATH": f"{base['PATH']}:/usr/sbin:/sbin"},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        eventually(lambda: children(self.outer.pid))
        self.first = children(self.outer.pid)[0]

    def run(self, *command):
        enter = ["nsenter", "--all", "--root", "--wd=/", "--target", str(self.first)]
        return subprocess.run(
            [*enter, *command], env=self.env, capture_output=True, text=True, check=False
        )

    def sql(self, statement, user="learnflow", password=PASSWORD):
        self.env["PGPASSWORD"] = password
        command = ["psql", "-XAtq", "-h", "127.0.0.1", "-U", user, "-d", "learnflow"]
        return self.run(*command, "-c", statement)

    def answers(self):
        return self.run("pg_isready", "-q", "-h", "127.0.0.1").returncode == 0

    def ready(self):
        """Wait until the server answers, or the container has ended."""
        eventually(lambda: self.answers() or self.outer.poll() is not None)
        return self.outer.poll() is None

    def waits_for_a_lock(self):
        """Whether a child of the entry point waits for a lock (proc(5), /proc/locks)."""
        waiting = re.findall(r"-> FLOCK +ADVISORY +WRITE (\d+) ", Path("/proc/locks").read_text())
        return bool({int(pid) for pid in waiting} & set(children(self.first)))

    def send(self, number):
        os.kill(self.first, number)
        return self.outer.wait(LIMIT)

    def end(self):
        if self.outer.poll() is None:
            self.send(signal.SIGKILL)


@pytest.fixture
def start(image, tmp_path):
    """Start containers on one volume; all are killed at the end."""
    volume, scripts, started = tmp_path / "volume", tmp_path / "scripts", []
    volume.mkdir(mode=0o777)
    volume.chmod(0o777)
    (volume / "password").write_text(PASSWORD)
    (volume / "password").chmod(0o644)
    scripts.mkdir()

    def begin(user="1001:1001", **env):
        env = {
            "POSTGRES_USER": "learnflow",
            "POSTGRES_DATABASE": "learnflow",
            "POSTGRES_PASSWORD_FILE": "/bitnami/postgresql/password",
            **env,
        }
        started.append(Container(image, volume, scripts, user, env))
        return started[-1]

    begin.volume, begin.scripts = volume, scripts
    yield begin
    for container in started:
        container.end()


def test_first_start_and_a_fast_shutdown(start):
    (start.scripts / "1.sql").write_text("CREATE TABLE seeded AS SELECT current_user AS who;")
    (start.scripts / "2.sh").write_text("psql -qc \"INSERT INTO seeded VALUES ('$POSTGRES_USER')\"")
    container = start()
    assert container.ready()
    shown = "SHOW server_encoding; SHOW data_checksums; SHOW password_encryption; TABLE seeded"
    assert container.sql(shown).stdout.split() == [
        *("UTF8", "on", "scram-sha-256", "learnflow", "learnflow"),
    ]
    assert container.sql("SELECT 1", password="wrong").returncode == 2
    assert container.sql("SELECT 1", user="postgres", password="").returncode == 2
    assert (start.volume / "data").stat().st_mode & 0o7777 == 0o700
    assert container.run("test", "-f", "/opt/bitnami/postgresql/tmp/.initialized").returncode == 0
    session = threading.Thread(target=container.sql, args=("SELECT pg_sleep(600)",))
    session.start()
    active = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    eventually(lambda: container.sql(active).stdout == "1\n")
    assert container.send(signal.SIGTERM) == 0
    session.join()
    log = container.log.read_text()
    assert "received fast shutdown request" in log  # a smart one would wait for the session
    assert "database system is shut down" in log
    assert "odd" not in log


KUBECTL = """#!/bin/sh
case "$*" in
*" create secret "*)
  for word; do case $word in
  --from-file=*) file=${word#--from-file=}; cat "${file#*=}" >"$SECRET/${file%%=*}" ;;
  esac; done ;;
*" get secret "*) cat "$SECRET/postgres-password"; echo; cat "$SECRET/password"; echo ;;
*" exec -i postgres-0 -- "*)
  while [ "$1" != -- ]; do shift; done; shift
  exec nsenter --all --root --wd=/ --setuid 1001 --setgid 1001 --target "$FIRST" "$@" ;;
esac
"""
"""An imitation of kubectl: a Secret is a folder, and the pod is the container."""


@pytest.mark.parametrize("role", ["learnflow", "postgres"])
def test_a_lost_secret_is_made_again_as_the_skill_says(start, tmp_path, role):
    container = start(POSTGRES_USER=role)
    assert container.ready()
    rules = container.run("cat", "/opt/bitnami/postgresql/conf/pg_hba.conf").stdout
    (kubectl := tmp_path / "kubectl").write_text(KUBECTL)
    kubectl.chmod(0o755)
    (secret := tmp_path / "secret").mkdir()
    (skill,) = [each for each in skills.load_all() if each.name == "postgres-k8s-setup"]
    (credential,) = skill.credentials
    text = str(credential.restore.fill(kubectl=str(kubectl), namespace="ns"))
    lines = [line.strip() for line in text.splitlines() if line.startswith("  ")]
    env = {**container.env, "SECRET": str(secret), "FIRST": str(container.first)}
    env["PATH"] += ":/usr/sbin:/sbin"
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", line], env=env, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    made = {path.name: path.read_text() for path in secret.iterdir()}
    assert {name: len(word) for name, word in made.items()} == {
        "password": 32,
        "postgres-password": 32,
    }
    assert container.sql("SELECT 1", user=role, password=made["password"]).stdout == "1\n"
    assert container.sql("SELECT 1", user=role).returncode == 2, "the old password"
    if role != "postgres":
        admin = made["postgres-password"]
        assert container.sql("SELECT 1", user="postgres", password=admin).stdout == "1\n"
    assert container.run("cat", "/opt/bitnami/postgresql/conf/pg_hba.conf").stdout == rules
    del container.env["PGPASSWORD"]
    eventually(lambda: container.run("psql", "-wU", "postgres", "-c", "SELECT 1").returncode == 2)
    assert not any(word in container.log.read_text() for word in made.values())


BUILDING = "data.initialising"


@pytest.mark.parametrize(
    "file",
    [
        "data.lock",
        f"{BUILDING}/PG_VERSION",
        f"{BUILDING}/global/pg_control",
        f"{BUILDING}/postmaster.pid",
        "data/PG_VERSION",
    ],
)
def test_a_killed_first_start_is_repeated_from_the_beginning(start, file):
    """The start is killed once it has created this file, or a later one."""
    container = start()
    files = [start.volume / file, start.volume / "data/PG_VERSION"]
    eventually(lambda: any(path.exists() for path in files))
    container.send(signal.SIGKILL)
    left = {path.name for path in start.volume.iterdir()}
    assert "data" not in left or "data.initialising" not in left
    container = start()
    assert container.ready()
    assert container.sql("CREATE TABLE t AS SELECT 7 AS n; TABLE t").stdout == "7\n"
    assert {path.name for path in start.volume.iterdir()} == {"data", "data.lock", "password"}


def test_a_failing_script_undoes_the_first_start(start):
    (start.scripts / "1.sql").write_text("SELECT 1/0;")
    container = start()
    assert container.outer.wait(60) == 1
    assert not (start.volume / "data").exists()
    assert "division by zero" in container.log.read_text()
    (start.scripts / "1.sql").unlink()
    assert start().ready()


def test_committed_rows_survive_kill_9(start):
    container = start()
    assert container.ready()
    container.sql("CREATE TABLE t AS SELECT generate_series(1, 1000) AS n")
    container.send(signal.SIGKILL)
    container = start()
    assert container.ready()
    assert container.sql("SELECT sum(n) FROM t").stdout == "500500\n"


def test_a_second_server_waits_until_the_first_has_ended(start):
    first = start()
    assert first.ready()
    second = start()
    eventually(second.waits_for_a_lock)
    assert not second.answers()
    assert first.send(signal.SIGINT) == 0
    assert second.ready()


def test_the_image_runs_as_any_uid(start):
    container = start(user="54321:0")
    assert container.ready()
    assert container.sql("SELECT 1").stdout == "1\n"


def test_killing_another_process_in_the_container_is_no_crash(start):
    container = start()
    assert container.ready()
    stranger = container.run("bash", "-c", "sleep 600 >/dev/null 2>&1 & echo $!").stdout.strip()
    container.run("kill", "-9", stranger)
    eventually(lambda: container.run("test", "-e", f"/proc/{stranger}").returncode == 1)
    assert container.sql("SELECT 1").stdout == "1\n"
    assert "terminating any other active" not in container.log.read_text()


def foreign_files(volume):
    (volume / "data").mkdir()
    (volume / "data/mine").touch()


def another_version(volume):
    (volume / "data").mkdir()
    (volume / "data/PG_VERSION").write_text("13\n")
    for path in (volume / "data", volume / "data/PG_VERSION"):
        os.chown(path, 1001, 1001)


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (foreign_files, "it is left as it is"),
        (another_version, "made by PostgreSQL 13"),
        (lambda volume: (volume / "password").unlink(), "cannot be read"),
        (lambda volume: (volume / "password").write_text(""), "no password"),
        (lambda volume: volume.chmod(0o755), "cannot write"),
    ],
)
def test_an_unusable_volume_ends_the_start_with_a_message(start, prepare, message):
    prepare(start.volume)
    container = start()
    assert container.outer.wait(30) == 1
    assert message in container.log.read_text()
