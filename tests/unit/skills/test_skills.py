import copy
import textwrap

import pytest
import yaml

from learnflow_infra import skills
from learnflow_infra.documents import line_of
from learnflow_infra.errors import InputError
from learnflow_infra.models import PortSpec, Profile

GOOD = textwrap.dedent("""\
    apiVersion: learnflow.infra/v1
    kind: Skill
    name: demo
    description: A demonstration
    credentials:
      - {secret: s, keys: [password], volumes: {app: demo}}
    releases:
      - name: demo
        needs: []
        profiles:
          embedded: {chart: charts/demo, images: [{recipe: images/demo, values: image}]}
        ready: {timeout: 2m, settle: 500ms}
    endpoints:
      - name: demo
        release: demo
        protocol: tcp
        inCluster: {service: demo, port: main}
        host: {service: demo-external, port: main}
    """)


@pytest.fixture
def folder(tmp_path):
    skill = tmp_path / "demo"
    for path in ("charts/demo", "images/demo"):
        (skill / path).mkdir(parents=True)
    (skill / "verify.py").touch()
    (skill / "skill.yaml").write_text(GOOD)
    return skill


def test_a_skill_is_read(folder):
    skill = skills.load(folder)
    release = skill.releases[0]
    assert (release.ready_timeout, release.settle) == (120, 0.5)
    assert release.profiles["embedded"].chart == str(folder / "charts/demo")
    assert skill.credentials[0].keys == ("password",)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name: demo\ndesc", "name: other\ndesc", "must be the folder's"),
        ("needs: []", "need: []", "'need' was unexpected"),
        ("release: demo\n", "release: nothing\n", "has no release 'nothing'"),
        ("timeout: 2m", "timeout: 2 minutes", "does not match"),
        ("charts/demo,", "charts/none,", "a folder is missing"),
        ("kind: Skill", "kind: Skull", "'Skill' was expected"),
    ],
)
def test_faults_name_the_file_and_the_line(folder, old, new, words):
    assert old in GOOD
    path = folder / "skill.yaml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(InputError, match=words) as error:
        skills.load(folder)
    assert str(path) in error.value.what


def test_the_line_is_that_of_the_fault(folder):
    path = folder / "skill.yaml"
    path.write_text(GOOD.replace("needs: []", "need: []"))
    with pytest.raises(InputError) as error:
        skills.load(folder)
    line = line_of(path, ["releases", 0, "need"])
    assert error.value.what.startswith(f"{path}:{line}:")
    assert path.read_text().splitlines()[line - 1].strip() == "need: []"


def test_all_faults_are_reported_at_once(folder):
    (folder / "skill.yaml").write_text(
        GOOD.replace("settle: 500ms", "settle: x").replace("timeout: 2m", "timeout: x")
    )
    with pytest.raises(InputError) as error:
        skills.load(folder)
    assert len(str(error.value).splitlines()) == 3  # two faults and the schema


def test_the_requirements_of_earlier_versions_are_ignored(folder):
    old = GOOD + "foundation: {cpu: 64, memory: 1Gi, storage: 2Gi}\n"
    (folder / "skill.yaml").write_text(old)
    assert skills.load(folder).name == "demo"


def test_an_unknown_skill_is_rejected_with_a_suggestion(folder):
    library = skills.load_all(library=folder.parent)
    with pytest.raises(InputError, match="no skill 'demmo'") as error:
        skills.find(["demmo"], library)
    assert error.value.remedy == "Did you mean demo?"
    assert skills.find([], library) == library


def test_two_skills_may_not_share_a_release(folder):
    other = folder.parent / "other"
    folder_copy = GOOD.replace("name: demo\ndesc", "name: other\ndesc")
    for path in ("charts/demo", "images/demo"):
        (other / path).mkdir(parents=True)
    (other / "verify.py").touch()
    (other / "skill.yaml").write_text(folder_copy)
    with pytest.raises(InputError, match="demo and other both declare the release demo"):
        skills.load_all(library=folder.parent)


def test_a_profile_replaces_values(folder):
    document = yaml.safe_load((folder / "skill.yaml").read_text())
    chart = {"chart": "oci://registry.example/charts/demo", "version": "1.2.3"}
    document["releases"][0]["profiles"]["upstream"] = chart
    other = {"service": "other", "port": "http"}
    document["endpoints"][0]["profiles"] = {"upstream": {"host": other}}
    (folder / "skill.yaml").write_text(yaml.safe_dump(document))
    embedded, upstream = (skills.load(folder, Profile(name)) for name in ("embedded", "upstream"))
    assert upstream.endpoints[0].host == PortSpec(**other)
    assert upstream.endpoints[0].in_cluster == embedded.endpoints[0].in_cluster
    source = upstream.releases[0].profiles["upstream"]
    assert (source.chart, source.version, source.remote) == (*chart.values(), True)
    assert embedded.releases[0].profiles["embedded"].remote is False


@pytest.mark.parametrize(
    "chart", [{"chart": "oci://registry.example/a"}, {"chart": "charts/x", "version": "1.0.0"}]
)
def test_a_remote_chart_has_a_version_and_a_folder_none(folder, chart):
    document = yaml.safe_load((folder / "skill.yaml").read_text())
    document["releases"][0]["profiles"]["upstream"] = chart
    (folder / "skill.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(InputError):
        skills.load(folder)


READY = {
    "timeout": "2m",
    "grace": {"PodUnschedulable": "2m", "ImageNotFound": "500ms"},
    "rules": [
        {"apiVersion": "example.org/v1", "kind": "Db", "current": "status.phase == 'Up'"},
        {
            "apiVersion": "example.org/v1",
            "kind": "Cache",
            "current": "status.ready",
            "inProgress": "!status.ready",
            "failed": "status.phase == 'Broken'",
        },
    ],
    "causes": [
        {"code": "QuorumLost", "message": "m", "remedy": "r", "log": "no (quorum|leader)"},
        {"code": "Unreachable", "message": "m", "remedy": "r", "check": "^no", "grace": "5s"},
    ],
}


def with_ready(folder, ready):
    document = yaml.safe_load((folder / "skill.yaml").read_text())
    document["releases"][0]["ready"] = ready
    (folder / "skill.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return folder


def test_readiness_is_read(folder):
    release = skills.load(with_ready(folder, READY)).releases[0]
    assert release.grace == {"PodUnschedulable": 120, "ImageNotFound": 0.5}
    first, second = release.rules
    assert (first.api_version, first.kind) == ("example.org/v1", "Db")
    assert (first.in_progress, first.failed) == ("", "")
    assert (second.in_progress, second.failed) == ("!status.ready", "status.phase == 'Broken'")
    lost, unreachable = release.causes
    assert (lost.code, lost.log, lost.check, lost.grace) == (
        "QuorumLost",
        "no (quorum|leader)",
        "",
        60,
    )
    assert (unreachable.check, unreachable.grace) == ("^no", 5)


@pytest.mark.parametrize(
    ("place", "text", "words"),
    [
        (("rules", 0, "current"), "status.phase ==", "not a valid expression in CEL"),
        (("rules", 1, "failed"), "'", "not a valid expression in CEL"),
        (("rules", 1, "inProgress"), "a.exists(", "not a valid expression in CEL"),
        (("causes", 0, "log"), "no (quorum", "not a valid regular expression"),
        (("causes", 1, "check"), "*", "not a valid regular expression"),
        (("causes", 0, "code"), "lower-case", "does not match"),
    ],
)
def test_malformed_readiness_names_the_line(folder, place, text, words):
    ready, (section, number, key) = copy.deepcopy(READY), place
    ready[section][number][key] = text
    path = with_ready(folder, ready) / "skill.yaml"
    with pytest.raises(InputError, match=words) as error:
        skills.load(folder)
    line = line_of(path, ["releases", 0, "ready", section, number, key])
    assert error.value.what.startswith(f"{path}:{line}:")
    assert path.read_text().splitlines()[line - 1].strip().startswith(("- " + key, key))


def test_a_cause_without_a_pattern_is_rejected(folder):
    ready = {"causes": [{"code": "Lost", "message": "m", "remedy": "r"}]}
    with pytest.raises(InputError, match="is not valid under any"):
        skills.load(with_ready(folder, ready))


@pytest.mark.parametrize(
    ("section", "key", "words"),
    [
        ("causes", "code", "QuorumLost is declared twice"),
        ("rules", "kind", "example.org/v1 Db has"),
    ],
)
def test_duplicates_are_rejected(folder, section, key, words):
    ready = copy.deepcopy(READY)
    ready[section].append(ready[section][0])
    path = with_ready(folder, ready) / "skill.yaml"
    with pytest.raises(InputError, match=words) as error:
        skills.load(folder)
    line = line_of(path, ["releases", 0, "ready", section, 2, key])
    assert error.value.what.startswith(f"{path}:{line}:")


@pytest.mark.parametrize(
    ("ready", "keys", "words"),
    [
        (
            {"grace": {"ImageNotFuond": "5s"}},
            ["grace", "ImageNotFuond"],
            "there is no cause ImageNotFuond. Did you mean ImageNotFound?",
        ),
        (
            {"causes": [{"code": "ImageNotFound", "message": "m", "remedy": "r", "log": "x"}]},
            ["causes", 0, "code"],
            "ImageNotFound is a built-in cause; choose another code.",
        ),
        (
            {
                "rules": [
                    {"apiVersion": f"example.org/{version}", "kind": "Db", "current": "true"}
                    for version in ("v1", "v2")
                ]
            },
            ["rules", 1, "kind"],
            "example.org/v2 Db has two rules: a rule applies to every version of a group.",
        ),
        (
            {"rules": [{"apiVersion": "v1", "kind": "ConfigMap", "current": "true"}]},
            ["rules", 0, "kind"],
            "a ConfigMap of v1 needs no rule: it is ready once it exists.",
        ),
    ],
)
def test_unknown_codes_and_kinds_are_rejected(folder, ready, keys, words):
    path = with_ready(folder, ready) / "skill.yaml"
    line = line_of(path, ["releases", 0, "ready", *keys])
    with pytest.raises(InputError) as error:
        skills.load(folder)
    assert error.value.what == f"{path}:{line}: {words}"


def test_grace_may_be_set_for_a_declared_cause(folder):
    ready = {**READY, "grace": {"QuorumLost": "5s"}}
    assert skills.load(with_ready(folder, ready)).releases[0].grace == {"QuorumLost": 5}
