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
METADATA = """<metadata><versioning><latest>4.5.0</latest><versions>
<version>4.4.0</version><version>4.4.1</version><version>4.5.0</version>
</versions></versioning></metadata>
"""
SILENT = "[WARNING] Could not transfer metadata g:a/maven-metadata.xml from/to central: refused"


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
    with pytest.raises(ArtifactError) as error:
        registries.go_versions('{"Path": "x", "Error": {"Err": "no network"}}', [])
    assert error.value.why == "no network"


@pytest.fixture
def printed(monkeypatch, tmp_path):
    """Makes every client print a text, and gives the cache that it has."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def by(text):
        monkeypatch.setattr(registries, "output", lambda *_, **__: text)
        return registries.cache_dir() / "m2"

    return by


def test_all_versions_that_maven_knows(printed):
    folder = printed("") / "org/apache/kafka/kafka_2.13"
    folder.mkdir(parents=True)
    (folder / "maven-metadata-central.xml").write_text(METADATA)
    asked = [component("Kafka", "org.apache.kafka:kafka_2.13"), component("o", "other:other")]
    assert registries._maven(asked) == {"Kafka": ["4.4.0", "4.4.1", "4.5.0"], "o": []}


def test_a_maven_repository_that_is_silent_is_a_fault(printed):
    printed(SILENT)
    with pytest.raises(ArtifactError) as error:
        registries._maven([component("o", "other:other")])
    assert error.value.why in SILENT


def test_an_index_that_is_silent_is_a_fault(monkeypatch):
    """`pip list --outdated` then lists nothing and ends with 0."""

    def output(command, **_):
        if "index" in command:
            raise HostError("python failed (exit 1).", why="ERROR: No matching distribution")
        return "[]"

    monkeypatch.setattr(registries, "output", output)
    with pytest.raises(HostError):
        registries._pip_list([component("demo", "demo")])


def test_what_is_not_outdated_is_known_by_its_version(printed):
    printed('[{"name": "Other_one", "latest_version": "2.0.0"}]')
    asked = [component("demo", "demo"), component("other-one", "other-one")]
    assert registries._pip_list(asked) == {"demo": ["1.0.0"], "other-one": ["2.0.0"]}


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


def test_those_without_an_answer_are_named_and_the_others_judged(monkeypatch):
    async def newest(reference, *, prereleases):
        return "1.2.0" if reference.endswith("/known") and not prereleases else ""

    monkeypatch.setattr(registries.helm_pull, "newest", newest)
    known, other = (component(name, f"oci://r/{name}", "chart") for name in ("known", "other"))
    answers, faults = registries.ask([known, other])
    assert (answers["known"], faults) == (["1.2.0"], ["chart: no version of other"])
