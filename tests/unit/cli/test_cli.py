import pytest
import typer
from typer.testing import CliRunner

from learnflow_infra.cli.main import app, exit_codes
from learnflow_infra.cli.run import errors_told, typed
from learnflow_infra.errors import LearnflowError, NotReadyError

CODES = {
    0: "done",
    1: "bug",
    2: "usage",
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


def test_an_unknown_option_is_a_usage_error():
    assert run("deploy", "--no-such-option").exit_code == 2


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


def test_bad_values_are_told_with_file_and_line(tmp_path):
    file = tmp_path / "v.yaml"
    file.write_text("kafka:\n  a: [\n")
    done = run("deploy", "-f", str(file), XDG_DATA_HOME=str(tmp_path))
    assert done.exit_code == 3
    assert f"{file}:3" in done.stderr


def test_a_timeout_that_is_no_duration():
    done = run("deploy", "--timeout", "soon")
    assert (done.exit_code, "no duration" in done.stderr) == (3, True)


def test_an_error_is_told_in_three_parts(capsys):
    with pytest.raises(typer.Exit) as exit_, errors_told():
        raise NotReadyError("x is not ready.", why="one\ntwo", remedy="look")
    assert exit_.value.exit_code == 7
    assert capsys.readouterr().err.splitlines() == [
        "Error (not ready in time): x is not ready.",
        "  one",
        "  two",
        "  Next: look",
    ]


def test_ctrl_c_is_130(capsys):
    with pytest.raises(typer.Exit) as exit_, errors_told():
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


@pytest.mark.parametrize(
    ("text", "by_make"),
    [
        ("learnflow-infra deploy", "make deploy"),
        (
            "Start it: learnflow-infra cluster up --name x",
            "Start it: make cluster-up ARGS='--name x'",
        ),
        ("learnflow-infra diagnose kafka -n ns", "make diagnose ARGS='kafka -n ns'"),
        ("kubectl get pods", "kubectl get pods"),
    ],
)
def test_commands_are_told_as_the_user_types_them(monkeypatch, text, by_make):
    monkeypatch.delenv("LEARNFLOW_VIA_MAKE", raising=False)
    assert typed(text) == text
    monkeypatch.setenv("LEARNFLOW_VIA_MAKE", "1")
    assert typed(text) == by_make
