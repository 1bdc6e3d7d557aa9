"""What the skill's folder says of itself is true."""

import ast
import os
import re

import pytest
import yaml

from learnflow_infra import errors, skills
from learnflow_infra.paths import repo_root
from learnflow_infra.readiness.causes import from_checks

ROOT = repo_root()
FOLDER = ROOT / "skills-library/postgres-k8s-setup"
MANUAL = (FOLDER / "SKILL.md").read_text()
ALLOWED = {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
"""Keys of the Agent Skills specification's frontmatter."""


def test_frontmatter_follows_the_agent_skills_specification():
    _, front, body = MANUAL.split("---\n", 2)
    fields = yaml.safe_load(front)
    assert set(fields) <= ALLOWED
    assert fields["name"] == FOLDER.name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fields["name"])
    assert 0 < len(fields["description"]) <= 1024
    assert "Use when" in fields["description"]
    assert len(fields["compatibility"]) <= 500
    assert len(body.splitlines()) < 500


def test_every_file_that_the_manual_names_exists():
    named = set(re.findall(r"\]\(([^)]+)\)", MANUAL)) | set(re.findall(r"scripts/\w+\.sh", MANUAL))
    assert named
    assert [name for name in named if not (FOLDER / name).is_file()] == []


def test_every_exit_code_of_the_program_is_explained():
    codes = {cls.exit_code for cls in errors.LearnflowError.__subclasses__()}
    explained = {int(code) for code in re.findall(r"^\| (\d+) \|", MANUAL, re.MULTILINE)}
    assert codes <= explained


@pytest.mark.parametrize("script", sorted((FOLDER / "scripts").glob("*.sh")), ids=lambda p: p.name)
def test_scripts_can_be_run_and_call_their_verb(script):
    assert os.access(script, os.X_OK)
    assert f'learnflow.sh" {script.stem} postgres-k8s-setup' in script.read_text()


def test_skill_yaml_is_valid_and_the_chart_sets_its_variables():
    skill = skills.load(FOLDER)
    (endpoint,) = skill.endpoints
    pod = (FOLDER / "charts/postgres/templates/_pod.tpl").read_text()
    ours = yaml.safe_load((ROOT / "charts-values/postgres/values.yaml").read_text())
    for variables in (*endpoint.parameters.values(), *endpoint.credentials.values()):
        assert f"{{name: {variables.names[0]}" in pod
    assert ours["auth"]["existingSecret"] == skill.credentials[0].secret
    assert set(ours["auth"]["secretKeys"].values()) == set(skill.credentials[0].keys)


@pytest.mark.parametrize(
    "module",
    [FOLDER / "verify.py", *(FOLDER / "lib").glob("*.py"), *(FOLDER / "../common").glob("*.py")],
    ids=lambda path: path.name,
)
def test_modules_of_verify_run_on_python_3_9(module):
    ast.parse(module.read_text(), feature_version=(3, 9))


LOCALE = (
    "FATAL XX000: database locale is incompatible with operating system (The database was "
    'initialized with LC_COLLATE "en_US.UTF-8",  which is not recognized by setlocale().)'
)


@pytest.mark.parametrize(
    ("message", "codes"),
    [
        (LOCALE, ["PostgresLocaleMissing"]),
        ("FATAL 28P01: password authentication failed", ["PostgresPasswordDiffers"]),
        ("FATAL 57P03: the database system is starting up", []),
    ],
)
def test_the_words_of_a_failed_check_have_a_cause(message, codes):
    (release,) = skills.load(FOLDER).releases
    found = from_checks([("connect", message)], release.causes)
    assert [cause.code for cause in found] == codes
