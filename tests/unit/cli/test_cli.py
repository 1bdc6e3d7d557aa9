import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from learnflow_infra.cli.main import app, exit_codes
from learnflow_infra.cli.run import exit_on_error
from learnflow_infra.errors import LearnflowError, NotReadyError
from learnflow_infra.values import Flags

CODES = {
    0: "done",
    1: "bug",
    2: "changes (--detailed-exitcode)",
    3: "input",
    4: "cluster unreachable",
    5: "chart or image not obtainable",
    6: "release failed",
    7: "not ready in time",
    8: "verification failed",
    9: "locked",
    10: "refused for safety",
    11: "foundation check failed",
    12: "host cannot run the embedded cluster",
    130: "interrupted",
}


def run(*args, **env):
    return CliRunner().invoke(app, args, env=env)


def test_the_exit_codes_are_a_contract():
    assert exit_codes() == CODES


def test_the_version_names_this_program_helm_kubernetes_and_python(monkeypatch):
    monkeypatch.delenv("LEARNFLOW_HELM", raising=False)
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    lines = dict(line.split(" ", 1) for line in result.output.splitlines())
    assert list(lines) == ["learnflow-infra", "helm", "kubernetes", "python"]
    assert re.match(r"4\.3\.\d+ \(", lines["helm"])
    assert re.match(r"1\.\d+\.\d+ \(embedded cluster\)", lines["kubernetes"])


def test_a_helm_that_does_not_exist_is_an_input_error_of_the_version_too(monkeypatch):
    monkeypatch.setenv("LEARNFLOW_HELM", "/absent/helm")
    assert CliRunner().invoke(app, ["--version"]).exit_code == 3


def test_help_lists_every_code_and_verb():
    text = " ".join(run("--help").output.split())
    for code, meaning in CODES.items():
        assert f"{code} {meaning}" in text
    for verb in (
        "deploy",
        "verify",
        "status",
        "endpoints",
        "diagnose",
        "delete",
        "doctor",
        "cluster",
    ):
        assert verb in text


@pytest.mark.parametrize("verb", ["deploy", "verify", "status", "diagnose", "delete", "doctor"])
def test_an_unknown_skill_is_an_input_error(verb):
    done = run(verb, "kafka-k8s-setpu")
    assert done.exit_code == 3
    assert "Did you mean kafka-k8s-setup?" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "what", "help_of"),
    [
        ("deploy --no-such-option", "No such option: --no-such-option", "deploy --help"),
        ("deploy --namespace", "requires an argument", "learnflow-infra --help"),
        ("deploy -o yaml", "'yaml' is not one of 'text', 'json'", "deploy --help"),
        ("deploy --dry-run=soon", "'soon' is not one of", "deploy --help"),
        ("rollback", "Missing argument 'SKILL'", "rollback --help"),
        ("rollback kafka-k8s-setup one", "Invalid value for 'REVISION'", "rollback --help"),
        ("endpoints kafka-k8s-setup", "unexpected extra argument", "endpoints --help"),
        ("cluster delete extra", "unexpected extra argument", "cluster delete --help"),
        ("cluster delete --name", "requires an argument", "learnflow-infra --help"),
        ("cluster delte", "No such command 'delte'", "cluster --help"),
        ("deploi", "No such command 'deploi'", "learnflow-infra --help"),
        ("--verbose deploy", "No such option: --verbose", "learnflow-infra --help"),
    ],
)
def test_a_wrong_command_line_is_an_input_error(words, what, help_of):
    done = run(*words.split())
    assert done.exit_code == 3
    first, *_, last = done.stderr.splitlines()
    assert first.startswith("Error (input): ")
    assert what in done.stderr
    assert last.startswith("  Next: See: learnflow-infra ")
    assert last.endswith(help_of)
    assert done.stdout == ""


def test_a_next_command_does_not_depend_on_how_the_program_was_started():
    done = CliRunner().invoke(app, ["cluster", "delte"], prog_name="python -m learnflow_infra")
    assert done.stderr.splitlines()[-1].endswith("See: learnflow-infra cluster --help")


BAD = [
    "",
    "UPPER",
    "a b",
    "-x",
    "x-",
    "a" * 64,
    "a/b",
    "../x",
    "a\nb",
    "kube-system;rm",
    "\xe4",
    ".",
]


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("verb", ["template", "deploy", "delete", "status", "endpoints"])
def test_a_namespace_that_is_no_label_is_an_input_error(verb, name):
    done = run(verb, f"--namespace={name}")
    assert (done.exit_code, "is no name for a namespace" in done.stderr) == (3, True)


@pytest.mark.parametrize("name", [*BAD, "a" * 41])
@pytest.mark.parametrize("verb", ["up", "status", "stop", "delete", "kubeconfig"])
def test_a_cluster_that_is_no_label_is_an_input_error(verb, name):
    done = run("cluster", verb, f"--name={name}")
    assert (done.exit_code, "is no name for a cluster" in done.stderr) == (3, True)


@pytest.mark.parametrize("words", ["", "cluster", "chart", "bundle", "image"])
def test_a_command_line_without_a_verb_is_an_input_error_with_the_help(words):
    done = run(*words.split())
    assert (done.exit_code, "Commands" in done.output) == (3, True)


@pytest.mark.parametrize(
    "words", ["--help", "deploy --help", "cluster --help", "cluster up --help"]
)
def test_help_is_no_error(words):
    assert run(*words.split()).exit_code == 0


def test_an_unknown_profile_is_an_input_error():
    done = run("status", "--profile", "nothing")
    assert (done.exit_code, "embedded" in done.stderr) == (3, True)


@pytest.mark.parametrize("verb", ["deploy", "verify", "status", "endpoints", "diagnose", "doctor"])
def test_a_context_that_does_not_exist(tmp_path, verb):
    (tmp_path / "config").write_text("apiVersion: v1\nkind: Config\n")
    done = run(verb, "--context", "none", KUBECONFIG=str(tmp_path / "config"))
    assert done.exit_code == 4
    assert "kubectl config get-contexts" in done.stderr


def test_an_embedded_cluster_that_does_not_exist_names_the_command(tmp_path):
    done = run("status", "--context", "learnflow-nothing", XDG_DATA_HOME=str(tmp_path))
    assert done.exit_code == 4
    assert "learnflow-infra cluster up --name nothing" in done.stderr


def test_bad_values_are_reported_with_file_and_line(tmp_path):
    file = tmp_path / "v.yaml"
    file.write_text("kafka:\n  a: [\n")
    done = run("deploy", "-f", str(file), XDG_DATA_HOME=str(tmp_path))
    assert done.exit_code == 3
    assert f"{file}:3" in done.stderr


def test_a_timeout_that_is_no_duration():
    done = run("deploy", "--timeout", "soon")
    assert (done.exit_code, "not a duration" in done.stderr) == (3, True)


def test_an_error_is_printed_in_three_parts(capsys):
    with pytest.raises(typer.Exit) as exit_, exit_on_error():
        raise NotReadyError("x is not ready.", why="one\ntwo", remedy="look")
    assert exit_.value.exit_code == 7
    assert capsys.readouterr().err.splitlines() == [
        "Error (not ready in time): x is not ready.",
        "  one",
        "  two",
        "  Next: look",
    ]


def test_ctrl_c_is_130(capsys):
    with pytest.raises(typer.Exit) as exit_, exit_on_error():
        raise KeyboardInterrupt
    assert exit_.value.exit_code == 130
    assert "Interrupted" in capsys.readouterr().err


def test_every_error_class_has_its_own_code():
    codes = [
        kind.exit_code
        for kind in LearnflowError.__subclasses__()
        if kind.__module__ == "learnflow_infra.errors"
    ]
    assert len(codes) == len(set(codes))


FLAGS = [
    *("-f", "v.yaml", "--set", "kafka.a=1", "--set-string", "kafka.b=2"),
    *("--set-json", "kafka.c=3", "--set-file", "kafka.d=4", "--image-mirror", "docker.io=m"),
]


@pytest.mark.parametrize(
    ("verb", "engine"),
    [
        ("deploy", "verbs.deploy.deploy"),
        ("deploy --dry-run", "verbs.template.template"),
        ("deploy --dry-run=server", "verbs.diff.diff"),
        ("diff", "verbs.diff.diff"),
        ("template", "verbs.template.template"),
        ("values", "verbs.values.values"),
        ("bundle create b.tar", "verbs.bundle_create.create"),
        ("doctor", "verbs.doctor.doctor"),
        ("rights", "verbs.rights.lacking"),
        ("rights --as-manifest", "verbs.rights.grants"),
    ],
)
def test_values_flags_reach_the_engine(monkeypatch, verb, engine):
    received = []

    def work(options, *_, **__):
        received.append(options)
        raise NotReadyError("It ends here.")

    monkeypatch.setattr(f"learnflow_infra.engine.{engine}", work)
    assert run(*verb.split(), *FLAGS).exit_code == 7
    (options,) = received
    assert options.mirrors == ("docker.io=m",)
    assert options.flags == Flags(
        files=(Path("v.yaml"),),
        set_values=("kafka.a=1",),
        set_string=("kafka.b=2",),
        set_json=("kafka.c=3",),
        set_file=("kafka.d=4",),
    )


def test_help_starts_without_the_engine():
    code = "import sys; from learnflow_infra.cli.main import app; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = done.stdout.split()
    assert "learnflow_infra.cli.deploy" in loaded
    heavy = re.compile(r"learnflow_infra\.(engine|clients|clusters|values|readiness)|yaml")
    assert [name for name in loaded if heavy.match(name)] == []
