"""What the clients of registries print is read; a registry that gives nothing hides no fault."""

import pytest

from learnflow_infra import versions
from learnflow_infra.errors import ArtifactError, HostError
from learnflow_infra.outdated import __main__ as program
from learnflow_infra.outdated import pins, registries
from learnflow_infra.versions import Component, Support

LISTED = """go: downloading something
{
\t"Path": "k8s.io/kubernetes",
\t"Versions": ["v1.36.3", "v1.37.2"]
}
{
\t"Path": "example.org/none",
\t"Error": {"Err": "unknown"}
}
"""
NEWER = """[INFO] The following dependencies in Dependencies have newer versions:
[INFO]   org.apache.kafka:kafka_2.13 ........................... 4.3.1 -> 4.4.0
[INFO]   org.apache.logging.log4j:log4j-slf4j-impl ........... 2.25.3 -> 2.26.1
[INFO]   a-very-long-group-of-somebody:a-very-long-artifact-of-his ...
"""


def component(name, package, registry="go", version="1.0.0"):
    return Component(
        name=name,
        role="ships",
        version=version,
        newest=version,
        registry=registry,
        package=package,
        support=Support(source="https://example.org", ends={}, lines=0, depth=2, note=""),
        exemption=None,
    )


def test_versions_of_go_modules():
    asked = [component("a", "k8s.io/kubernetes"), component("b", "example.org/none")]
    assert registries.go_versions(LISTED, asked) == {"a": ["v1.36.3", "v1.37.2"], "b": []}


def test_go_that_lists_nothing_is_a_fault():
    with pytest.raises(ArtifactError):
        registries.go_versions('{"Path": "x", "Error": {"Err": "no network"}}', [])


def test_newer_versions_of_maven():
    asked = [component("Kafka", "org.apache.kafka:kafka_2.13"), component("o", "other:other")]
    assert registries.maven_versions(NEWER, asked) == {"Kafka": ["4.4.0"], "o": []}


def test_the_file_of_pins_becomes_its_packages():
    names = {one.name: one.version for one in pins.expanded(versions.load())}
    assert "Python packages" not in names
    assert names["tenacity"]
    assert all(names.values())


@pytest.fixture
def outdated(monkeypatch, capsys):
    """`make outdated` with these versions in the registries; its exit code and lines."""

    def run(*words, clients):
        monkeypatch.setattr(registries, "CLIENTS", clients)
        with pytest.raises(SystemExit) as ended:
            program.app(list(words))
        return ended.value.code, capsys.readouterr().out

    return run


def nothing(asked):
    return {one.name: [] for one in asked}


def unreachable(asked):
    raise HostError("mvn is missing.", why="a long text\nno such program")


def test_a_newer_patch_is_due(outdated):
    def newer(asked):
        return {"Kafka": [versions.load().version("Kafka") + "9"]}

    code, printed = outdated(clients={"maven": newer, "go": nothing})
    assert (code, "DUE Kafka" in printed) == (2, True)
    assert "https://cwiki.apache.org" in printed


def test_a_registry_that_cannot_be_asked_is_said(outdated):
    code, printed = outdated(clients={"maven": unreachable})
    assert "not asked   maven: mvn is missing. no such program" in printed
    assert code in {2, 5}  # by today's date, something may be due


def test_offline_asks_no_registry(outdated):
    code, printed = outdated("--offline", clients={"maven": unreachable})
    assert "not asked" not in printed
    assert code in {0, 2}


def test_charts_that_no_registry_lists_are_named(monkeypatch):
    async def newest(reference):
        return "1.2.0" if reference.endswith("/known") else ""

    monkeypatch.setattr(registries.helm_pull, "newest", newest)
    known, other = (component(name, f"oci://r/{name}", "chart") for name in ("known", "other"))
    assert registries._charts([known]) == {"known": ["1.2.0"]}
    with pytest.raises(ArtifactError) as error:
        registries._charts([known, other])
    assert error.value.why == "oci://r/other"
