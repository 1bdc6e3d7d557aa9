"""What the image's scripts make of the environment: bash alone, no PostgreSQL.

The rest of the entry point needs a real server and root: tests/cluster/test_postgres_image.py.
"""

import os
import subprocess
from pathlib import Path

import pytest

from learnflow_infra.clusters.embedded.images.recipe import ImageRecipe
from learnflow_infra.paths import repo_root

IMAGE = repo_root() / "skills-library/postgres-k8s-setup/images/postgresql"


@pytest.fixture
def bash(tmp_path):
    """Run a line of bash with the image's functions; returns its output."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "volume").mkdir()

    def run(line, check=True, **env):
        prepare = (
            'set -Eeuo pipefail; CONF_DIR="$1/conf" VOLUME_DIR="$1/volume"; '
            f". {IMAGE}/common.sh; . {IMAGE}/settings.sh; "
        )
        done = subprocess.run(
            ["bash", "-c", prepare + line, "test", str(tmp_path)],
            env={"PATH": os.environ["PATH"], **env},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) is check, done.stderr
        return done.stdout if check else done.stderr

    return run


def settings(text):
    pairs = (line.split(" = ", 1) for line in text.splitlines())
    return {name: value[1:-1] for name, value in pairs}


def test_the_recipe_is_valid_and_names_every_script():
    recipe = ImageRecipe.load(IMAGE)
    assert {Path(file["source"]).name for file in recipe.files} == {
        path.name for path in IMAGE.glob("*.sh")
    }


def test_settings_without_environment(bash):
    got = settings(bash("all_settings"))
    assert got["port"] == "5432"
    assert got["listen_addresses"] == "*"
    assert got["password_encryption"] == "scram-sha-256"
    assert "shared_preload_libraries" not in got


def test_settings_of_the_environment_by_either_name(bash):
    got = settings(
        bash(
            "all_settings",
            POSTGRESQL_PORT_NUMBER="15432",
            POSTGRESQL_SHARED_PRELOAD_LIBRARIES="pgaudit, auto_explain",
            POSTGRES_MAX_CONNECTIONS="42",
            POSTGRESQL_LOG_CONNECTIONS="",
            POSTGRESQL_ENABLE_TLS="yes",
            POSTGRESQL_TLS_CERT_FILE="/c/tls.crt",
        )
    )
    assert got["port"] == "15432"
    assert got["shared_preload_libraries"] == "pgaudit, auto_explain"
    assert got["max_connections"] == "42"
    assert got["ssl"] == "on"
    assert got["ssl_cert_file"] == "/c/tls.crt"
    assert "log_connections" not in got


def test_values_are_quoted_as_postgresql_reads_them(bash):
    out = bash('setting a "$VALUE"', VALUE="it's \\ 100%")
    assert out == "a = 'it''s \\\\ 100%'\n"


def test_a_value_of_two_lines_cannot_add_a_setting(bash):
    assert "more than one line" in bash('setting a "$VALUE"', check=False, VALUE="x'\nssl = 'off")


def test_mounted_configuration_is_included_after_ours(bash):
    make = 'mkdir -p "$VOLUME_DIR/conf/conf.d"; touch "$VOLUME_DIR/conf/postgresql.conf"; '
    lines = bash(make + "all_settings").splitlines()
    assert [line.split(" = ")[0] for line in lines[-2:]] == ["include", "include_dir"]


def test_everyone_needs_a_password_everywhere(bash):
    lines = bash('write_settings; cat "$CONF_DIR/pg_hba.conf"').splitlines()
    assert lines
    assert all(line.split()[-1] == "scram-sha-256" for line in lines)


def test_a_mounted_pg_hba_replaces_ours(bash):
    line = 'mkdir "$VOLUME_DIR/conf"; echo mine >"$VOLUME_DIR/conf/pg_hba.conf"; write_settings; '
    assert bash(line + 'cat "$CONF_DIR/pg_hba.conf"') == "mine\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [("POSTGRESQL_ENABLE_LDAP", "yes"), ("POSTGRES_REPLICATION_MODE", "master")],
)
def test_an_unsupported_setting_is_an_error(bash, name, value):
    assert "not offered" in bash("write_settings", check=False, **{name: value})


@pytest.mark.parametrize(
    "password", ["plain", 'it\'s "a" \\ $x `y` %s', " ends with newlines\n\n", "🐘"]
)
def test_a_password_file_is_taken_unchanged(bash, tmp_path, password):
    file = tmp_path / "password"
    file.write_text(password)
    out = bash(
        'secret_of got POSTGRES_PASSWORD; printf %s "$got"', POSTGRES_PASSWORD_FILE=str(file)
    )
    assert out == password


def test_a_password_file_that_is_missing_is_an_error(bash):
    output = bash("secret_of got P", check=False, P_FILE="/nowhere/password")
    assert "cannot be read" in output


@pytest.mark.parametrize(("value", "yes"), [("yes", 1), ("TRUE", 1), ("1", 1), ("no", 0), ("", 0)])
def test_truth_as_bitnami_writes_it(bash, value, yes):
    assert bash(f"if is_yes '{value}'; then echo 1; else echo 0; fi") == f"{yes}\n"
