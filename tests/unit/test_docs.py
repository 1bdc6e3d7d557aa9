"""Documents do not drift: commands parse, links exist, tables are the program's."""

import json
import re
import runpy
import shlex
from pathlib import Path

import jsonschema
import pytest
import yaml
from typer._click.exceptions import UsageError

from learnflow_infra import events
from learnflow_infra.cli.deploy import print_json
from learnflow_infra.cli.main import exit_codes
from learnflow_infra.documents import schema_faults
from learnflow_infra.engine.proof.recorder import Recorder
from learnflow_infra.engine.verbs.deploy import Deployed
from learnflow_infra.skills import library
from learnflow_infra.sources.chart_reading import Defaults
from learnflow_infra.values import Flags, compute, read_overrides

ROOT = Path(__file__).parents[2]
PAGES = runpy.run_path(str(ROOT / "docs/pages.py"))
SKILLS = sorted(ROOT.glob("skills-library/*/SKILL.md"))
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("specs/**/*.md"),
        *ROOT.glob("skills-library/**/*.md"),
    ]
)
PROGRAM, GROUPS, VERBS = (PAGES[name] for name in ("PROGRAM", "GROUPS", "VERBS"))
SUITES = {"unit", "contract", "cluster-tests", "e2e", "browser", "fuzz", "full-tests"}
SAMPLES = {"SKILL": "kafka-k8s-setup", "[REVISION]": "1"}


def texts():
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in DOCUMENTS]


def code(path):
    """What a document shows as code: fenced and indented lines, and `inline`."""
    text = path.read_text().replace("\\\n", " ")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"^ {4}(.+)$", text, re.MULTILINE)
    return lines + re.findall(r"`([^`\n]+)`", text)


def commands(path, starts):
    """The words after `starts` in each piece of code that has it as its command."""
    for line in code(path):
        line = re.sub(r"\s#\s.*", "", line)  # noqa: PLW2901 - what a shell drops, too
        for piece in [line] if "ARGS=" in line else re.split(r"&&|\||;|\$\(|\)", line):
            first, *rest = re.sub(r"^\s*(\$ |sudo |export )?(\w+=\S+ )*", "", piece).split() or [""]
            if f"/{first}".endswith(f"/{starts}"):
                yield shlex.split(" ".join(rest))


def parse(arguments):
    """Parse a command line as the program would, without running anything."""
    if arguments == ["--version"]:
        return
    name = " ".join(arguments[: 2 if arguments[0] in GROUPS else 1])
    assert name in VERBS, f"no verb {name!r}; there are {sorted(VERBS)}"
    rest = [word for word in arguments[len(name.split()) :] if word not in {"...", "[OPTIONS]"}]
    rest = [SAMPLES.get(word, word) for word in rest if word not in {"--help", "[SKILL]..."}]
    VERBS[name].make_context(name, rest)  # raises a usage error where it does not parse


def make_targets():
    text = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"^([a-z0-9-]+):", text, re.MULTILINE))
    verbs = re.search(r"^VERBS := (.*)$", text, re.MULTILINE)[1].split()
    return named | set(verbs) | {f"cluster-{name}" for name in PROGRAM.commands["cluster"].commands}


@pytest.mark.parametrize("path", texts())
def test_make_commands_are_targets_and_their_args_parse(path):
    for found in commands(path, "make"):
        targets = [w for w in found if not w.startswith("-") and "=" not in w]
        args = [w.partition("=")[2] for w in found if w.startswith(("ARGS=", "SKILL="))]
        unknown = [t for t in targets if t not in {*make_targets(), "VERB", "cluster-VERB"}]
        assert unknown == [], f"make {' '.join(found)}"
        for text in args:
            if "..." not in text and targets[0] not in SUITES:  # theirs are pytest's
                parse([*targets[0].split("-"), *shlex.split(text)])


@pytest.mark.parametrize("path", texts())
@pytest.mark.parametrize("program", ["learnflow-infra", "learnflow.sh"])
def test_commands_parse(path, program):
    for arguments in commands(path, program):
        if arguments and "VERB" not in arguments:
            parse(arguments)


@pytest.mark.parametrize("path", SKILLS, ids=lambda path: path.parent.name)
def test_documented_script_options_are_accepted(path):
    shown = 0
    for script in sorted(path.parent.glob("scripts/*.sh")):
        for arguments in commands(path, f"scripts/{script.name}"):
            shown += 1
            parse([script.stem, path.parent.name, *arguments])
    assert shown


@pytest.mark.parametrize(
    "wrong", ["deploi", "deploy --sett x=y", "verify --from afar", "cluster up --subnett x"]
)
def test_a_wrong_command_is_noticed(tmp_path, wrong):
    page = tmp_path / "page.md"
    page.write_text(f"Type `learnflow-infra {wrong}`, then read on.\n")
    (found,) = commands(page, "learnflow-infra")
    with pytest.raises((AssertionError, UsageError)):
        parse(found)


def test_the_page_of_commands_is_the_programs():
    assert PAGES["COMMANDS"].read_text() == PAGES["commands_page"](), "make docs"
    assert PAGES["STATES"].read_text() == PAGES["states_page"](), "make docs"


def test_the_page_of_causes_has_the_policies():
    assert PAGES["causes_table"]() in PAGES["CAUSES"].read_text(), "make docs"


def test_the_page_of_causes_has_those_of_the_skills():
    text = PAGES["CAUSES"].read_text()
    own = [c for skill in library.load_all() for r in skill.releases for c in r.causes]
    assert own
    assert [cause.code for cause in own if f"`{cause.code}`" not in text] == []


def test_the_readmes_values_are_ones_that_the_charts_take(tmp_path):
    (example,) = re.findall(
        r"^```yaml\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE
    )
    given = yaml.safe_load(example)
    assert set(given) == {"kafka", "postgres"}
    (tmp_path / "given.yaml").write_text(example)
    overrides = read_overrides(Flags(files=(tmp_path / "given.yaml",)), list(given))
    for release in given:
        chart = next(ROOT.glob(f"skills-library/*/charts/{release}"))
        defaults = yaml.safe_load((chart / "values.yaml").read_text())
        values = compute(
            release, "embedded", overrides=overrides, chart=Defaults(values=defaults)
        ).effective
        schema = json.loads((chart / "values.schema.json").read_text())
        faults = jsonschema.validators.validator_for(schema)(schema).iter_errors(values)
        assert [fault.message for fault in faults] == []


@pytest.mark.parametrize("path", SKILLS, ids=lambda path: path.parent.name)
def test_skills_list_every_exit_code(path):
    rows = {int(code) for code in re.findall(r"^\| (\d+) \|", path.read_text(), re.MULTILINE)}
    assert rows == set(exit_codes()) - {1}


@pytest.mark.parametrize("path", texts())
def test_relative_links_lead_somewhere(path):
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        target, _, anchor = link.partition("#")
        if "://" in link:
            continue
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), link
        if anchor:
            titles = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
            assert anchor in {title.lower().replace(" ", "-") for title in titles}, link


REGISTRIES = r"pypi\.|pythonhosted|repo\d?\.maven|proxy\.golang|(deb|archive|security)\.(deb|ubu)"
HOMES = r"/root/|/home/|/users/"


@pytest.mark.parametrize("path", texts())
def test_no_registry_host_and_no_home_of_anyone(path):
    assert re.findall(f"{REGISTRIES}|{HOMES}", path.read_text().lower()) == []


def test_the_report_holds_its_schema():
    recorder = Recorder(events.ignore)
    with events.step(recorder, "a/b", "A step"):
        pass
    recorder(events.StepStarted(step="c", title="Cut off"))
    report = {**recorder.report(), "context": "c", "namespace": "n"}
    assert schema_faults(report, "deploy-report") == []


def test_json_of_deploy_matches_its_schema(capsys):
    document = {
        "apiVersion": "learnflow.infra/v1",
        "kind": "Endpoints",
        "namespace": "n",
        "context": "c",
        "profile": "embedded",
        "endpoints": [],
    }
    done = Deployed(
        target=None,
        changed=False,
        endpoints=document,
        verification=[],
        verified=True,
        files=[Path("infra-endpoints.txt")],
        seconds=1.0,
    )
    print_json(done)
    assert schema_faults(json.loads(capsys.readouterr().out), "deployed") == []


def test_the_schemas_in_specs_are_those_of_the_program():
    folder = PAGES["CONTRACTS"]
    copies = {path.name: path.read_text() for path in folder.glob("*.schema.json")}
    assert copies == PAGES["schemas"](), "make docs"
    described = (folder / "README.md").read_text()
    assert [name for name in copies if f"({name})" not in described] == []
