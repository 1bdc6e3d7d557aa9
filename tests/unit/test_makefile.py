"""A slip at make's command line runs nothing; SKILL and ARGS reach the program."""

import os
import shutil
import subprocess

import pytest

from learnflow_infra.paths import repo_root

ROOT = repo_root()
BOOTSTRAP = """
mkdir -p "$1/bin"
printf 'setup\\n' >>"$LOG"
printf '#!/bin/sh\\necho "$@" >>"$LOG"\\n' >"$1/bin/learnflow-infra"
chmod +x "$1/bin/learnflow-infra"
: >"$3"
"""


@pytest.fixture
def make(tmp_path):
    """Make in a checkout whose program writes its arguments, a line each."""
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("kafka-k8s-setup", "postgres-k8s-setup"):
        (tmp_path / "skills-library" / name).mkdir(parents=True)
        (tmp_path / "skills-library" / name / "skill.yaml").touch()
    (tmp_path / "learnflow_infra").mkdir()
    (tmp_path / "learnflow_infra/bootstrap.sh").write_text(BOOTSTRAP)
    log = tmp_path / "log"
    log.touch()
    own = {name: value for name, value in os.environ.items() if name not in {"SKILL", "ARGS"}}
    own = {name: value for name, value in own.items() if not name.startswith("MAKE")}
    own |= {"LOG": str(log), "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def run(*words, **env):
        done = subprocess.run(
            ["make", *words],
            cwd=tmp_path,
            env={**own, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr, log.read_text().splitlines()

    return run


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("delete kafka-k8s-setup", "make delete SKILL='kafka-k8s-setup'"),
        ("kafka-k8s-setup delete", "make delete SKILL='kafka-k8s-setup'"),
        ("-n delete kafka-k8s-setup", "make delete SKILL='kafka-k8s-setup'"),
        ("-k delete kafka-k8s-setup", "make delete SKILL='kafka-k8s-setup'"),
        ("-i delete kafka-k8s-setup", "make delete SKILL='kafka-k8s-setup'"),
        ("-j4 delete kafka-k8s-setup", "make delete SKILL='kafka-k8s-setup'"),
        ("deploy kafka-k8s-setup postgres-k8s-setup", "SKILL='kafka-k8s-setup postgres-k8s-setup'"),
        ("rollback kafka-k8s-setup 3", "make rollback SKILL='kafka-k8s-setup' ARGS='3'"),
        ("-- delete --purge-data", "make delete ARGS='--purge-data'"),
        ("delete kafka-k8s-setpu", "See: make help"),
        ("kafka-k8s-setup", "make deploy SKILL='kafka-k8s-setup'"),
        ("delte kafka-k8s-setup", "See: make help"),
        ("deploy verfy", "See: make help"),
        ("setup nothing", "See: make help"),
        ("cluster-delete dev", "make cluster-delete ARGS='dev'"),
        ("cluster-delte", "There are: cluster-up"),
        ("cluster-", "There are: cluster-up"),
        ("bundle-pack", "There are: bundle-create bundle-load"),
        ("bundle-create b.tar", "make bundle-create ARGS='b.tar'"),
        ("delete ARG=kafka-k8s-setup", "delete does not read ARG"),
        ("delete SKILLS=kafka-k8s-setup", "delete does not read SKILLS"),
        ("delete skill=kafka-k8s-setup", "delete does not read skill"),
        ("delete NAMESPACE=test", "delete does not read NAMESPACE"),
        ("cluster-delete NAME=test", "cluster-delete does not read NAME"),
        ("delete SKILL=", "SKILL names no skill"),
        ("delete SKILL=--purge-data", "make delete ARGS='--purge-data'"),
        ("cluster-delete SKILL=kafka-k8s-setup", "cluster-delete takes no SKILL"),
        ("deploy endpoints SKILL=kafka-k8s-setup", "endpoints takes no SKILL"),
    ],
)
def test_a_slip_runs_nothing(make, words, says):
    code, err, ran = make(*words.split())
    assert (code, ran) == (2, [])
    assert says in err
    assert "nothing was run" in err


def test_an_empty_skill_of_the_environment_runs_nothing(make):
    assert make("delete", SKILL="")[::2] == (2, [])


@pytest.mark.parametrize(
    ("words", "runs"),
    [
        (["delete"], ["delete"]),
        (["delete", "ARGS="], ["delete"]),
        (["delete", "SKILL=kafka-k8s-setup"], ["delete kafka-k8s-setup"]),
        (
            ["delete", "SKILL=kafka-k8s-setup postgres-k8s-setup"],
            ["delete kafka-k8s-setup postgres-k8s-setup"],
        ),
        (["delete", "ARGS=kafka-k8s-setup --yes"], ["delete kafka-k8s-setup --yes"]),
        (["rollback", "SKILL=kafka-k8s-setup", "ARGS=3"], ["rollback kafka-k8s-setup 3"]),
        (["deploy", "verify"], ["deploy", "verify"]),
        (["-j4", "delete", "deploy"], ["delete", "deploy"]),
        (["deploy", "LEARNFLOW_CONTEXT=kind-x"], ["deploy"]),
        (["deploy", "PYTHON=python3"], ["deploy"]),
        (["cluster-delete", "ARGS=--name dev"], ["cluster delete --name dev"]),
        (["bundle-load", "ARGS=b.tar"], ["bundle load b.tar"]),
        (["chart-lock"], ["chart lock"]),
    ],
)
def test_commands_run_in_order_with_their_words(make, words, runs):
    code, err, ran = make(*words)
    assert (code, ran) == (0, ["setup", *runs]), err


def test_make_alone_and_other_goals_are_free(make):
    assert make()[0] == 0
    assert make("help", "ANYTHING=x")[0] == 0
    assert make("-s", "where", SKILL="")[0] == 0


def test_the_scripts_keep_the_codes_of_the_program(make, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    (tmp_path / "skills-library/common").mkdir()
    script = shutil.copy(
        ROOT / "skills-library/common/learnflow.sh", tmp_path / "skills-library/common"
    )
    bootstrap = tmp_path / "learnflow_infra/bootstrap.sh"
    bootstrap.write_text(BOOTSTRAP.replace('echo "$@" >>"$LOG"', "exit 3"))
    assert subprocess.run([script, "deploi"], check=False, capture_output=True).returncode == 3
    shutil.rmtree(tmp_path / "cache")
    bootstrap.write_text("exit 5")
    assert subprocess.run([script, "deploy"], check=False, capture_output=True).returncode == 12


def test_a_makefile_that_includes_this_one_has_its_own_goals(make, tmp_path):
    (tmp_path / "outer.mk").write_text("include Makefile\nown:\n\t@true\n")
    code, err, ran = make("-f", "outer.mk", "own")
    assert (code, ran) == (0, []), err
