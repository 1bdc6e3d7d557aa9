"""The commands in texts: as this user types them, for the cluster and the options of the run."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from learnflow_infra.cli.main import app
from learnflow_infra.cli.run import exit_on_error
from learnflow_infra.cli.show.commands import GROUPS, REPEATED, recorded, typed
from learnflow_infra.clusters import target as targets
from learnflow_infra.engine.gate import checkout
from learnflow_infra.engine.request import planning
from learnflow_infra.errors import ClusterUnreachableError, FoundationError, NotReadyError
from learnflow_infra.locations import Target
from learnflow_infra.paths import repo_root
from learnflow_infra.remedy import Command, Remedy


def run(*args, **env):
    return CliRunner().invoke(app, args, env=env)


DELETE = Remedy("Remove it: ", Command("delete", "kafka-k8s-setup"), ", or purge.")


@pytest.mark.parametrize(
    ("remedy", "by_make"),
    [
        (Remedy(Command("deploy")), "make deploy"),
        (DELETE, "Remove it: make delete SKILL=kafka-k8s-setup, or purge."),
        (
            Remedy("Start it: ", Command("cluster", "up", "--name", "x")),
            "Start it: make cluster-up ARGS='--name x'",
        ),
        (Remedy("(", Command("chart", "lock"), ")"), "(make chart-lock)"),
        (Remedy(Command("history", "a", "-n", "x")), "make history SKILL=a ARGS='-n x'"),
        (Remedy(Command("rollback", "a", "3")), "make rollback SKILL=a ARGS=3"),
        (Remedy(Command("bundle", "load", "FILE")), "make bundle-load ARGS=FILE"),
        (Remedy(Command("cluster", "--help")), "make help"),
        (Remedy(Command("--help")), "make help"),
        ("learnflow-infra deploy is text here", "learnflow-infra deploy is text here"),
    ],
)
def test_commands_are_rendered_as_the_user_types_them(monkeypatch, remedy, by_make):
    monkeypatch.delenv("LEARNFLOW_VIA_MAKE", raising=False)
    assert typed(remedy) == str(remedy)
    monkeypatch.setenv("LEARNFLOW_VIA_MAKE", "1")
    assert typed(remedy) == by_make


NOWHERE = ("--context", "learnflow-none", "-n", "other")


@pytest.fixture
def outside(monkeypatch):
    """A user who calls the program directly, on a machine without clusters."""
    monkeypatch.delenv("LEARNFLOW_VIA_MAKE", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", "/nowhere")
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.mark.parametrize(
    ("typed_before", "remedy", "scoped"),
    [
        (f"status {' '.join(NOWHERE)}", DELETE, f"{DELETE.parts[1]} {{place}}"),
        ("status -n other", Remedy(Command("diagnose", "-n", "x")), "diagnose -n x"),
        (f"status {' '.join(NOWHERE)}", Remedy(Command("deploy", "--help")), "deploy --help"),
        (f"status {' '.join(NOWHERE)}", Remedy(Command("cluster", "up")), "cluster up"),
        (
            f"deploy kafka-k8s-setup -f v.yaml --set kafka.a=1 --no-verify {' '.join(NOWHERE)}",
            Remedy(Command("diff", "kafka-k8s-setup", "--adopt")),
            "diff kafka-k8s-setup --adopt --values v.yaml --set kafka.a=1 {place}",
        ),
        (
            f"deploy kafka-k8s-setup --set kafka.a=1 --set kafka.b=2 --yes {' '.join(NOWHERE)}",
            Remedy(Command("deploy", "--reuse-values")),
            "deploy kafka-k8s-setup --reuse-values --set kafka.a=1 --set kafka.b=2 {place}",
        ),
        (
            f"deploy --profile upstream --no-rollback {' '.join(NOWHERE)}",
            Remedy(Command("deploy", "--profile", "embedded")),
            "deploy --profile embedded --no-rollback {place}",
        ),
        (
            f"deploy --profile upstream --timeout 9m {' '.join(NOWHERE)}",
            Remedy(Command("diagnose", "kafka-k8s-setup")),
            "diagnose kafka-k8s-setup --profile upstream {place}",
        ),
        (
            f"deploy kafka-k8s-setup {' '.join(NOWHERE)}",
            Remedy(Command("delete", "--profile", "upstream")),
            "delete --profile upstream {place}",
        ),
        (
            f"deploy --set postgres.auth.password=hunter2 {' '.join(NOWHERE)}",
            Remedy(Command("deploy")),
            "deploy --set postgres.auth.password=<secret> {place}",
        ),
        ("status", Remedy(Command("deploy")), "deploy"),
    ],
)
def test_the_next_command_goes_on_where_the_run_did(outside, typed_before, remedy, scoped):
    run(*typed_before.split())
    place = "--context learnflow-none --namespace other"
    command = scoped.format(place=place).removeprefix("learnflow-infra ")
    assert f"learnflow-infra {command}" in f"{typed(remedy)}"
    assert typed(remedy).partition(", or purge")[0].endswith(command)


def test_a_secret_in_the_next_command_stops_a_shell(outside, tmp_path):
    run("deploy", "--set", "postgres.auth.password=it's", *NOWHERE)
    command = typed(Remedy(Command("deploy"))).replace("learnflow-infra", "/bin/echo ran", 1)
    assert "it's" not in command
    done = subprocess.run(  # noqa: S602
        command, shell=True, cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert (done.returncode != 0, done.stdout) == (True, "")


def test_by_make_the_next_command_has_the_skills_and_the_options_of_the_run(outside, monkeypatch):
    monkeypatch.setenv("LEARNFLOW_VIA_MAKE", "1")
    run("deploy", "kafka-k8s-setup", "--set", "kafka.a=1", "--context", "learnflow-none")
    assert typed(Remedy(Command("diff", "--adopt"))) == (
        "make diff SKILL=kafka-k8s-setup ARGS='--adopt --set kafka.a=1 --context learnflow-none'"
    )


def test_elsewhere_make_is_called_for_the_checkout(outside, monkeypatch, tmp_path):
    monkeypatch.setenv("LEARNFLOW_VIA_MAKE", "1")
    root = repo_root()
    monkeypatch.chdir(tmp_path)
    run("deploy", "-f", "v.yaml", "--context", "learnflow-none")
    assert typed(Remedy(Command("deploy"))) == (
        f"make -C {root} deploy ARGS='--values {tmp_path}/v.yaml --context learnflow-none'"
    )


@pytest.fixture
def embedded_cluster(outside, monkeypatch):
    target = SimpleNamespace(
        kubeconfig=Path("/c/kubeconfig"), kubectl="/c/kubectl", context="learnflow-dev"
    )
    monkeypatch.setattr(targets, "choose", lambda *_: target)
    monkeypatch.setattr(planning, "choose", lambda *_: sys.exit(4))
    run("status", "-n", "other")


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("See: kubectl -n n get pods", "See: /c/kubectl --kubeconfig /c/kubeconfig -n n get pods"),
        ("kubectl get nodes, then", "/c/kubectl --kubeconfig /c/kubeconfig get nodes, then"),
        ("kubectl get pvc -l a", "/c/kubectl --kubeconfig /c/kubeconfig -n other get pvc -l a"),
        (
            "kubectl delete secrets a",
            "/c/kubectl --kubeconfig /c/kubeconfig -n other delete secrets a",
        ),
        ("kubectl get pods -A", "/c/kubectl --kubeconfig /c/kubeconfig get pods -A"),
        (
            "helm x | kubectl apply -f -",
            "helm x | /c/kubectl --kubeconfig /c/kubeconfig apply -f -",
        ),
        ("kubectl config get-contexts", "kubectl config get-contexts"),
        ("Install kubectl; it connects", "Install kubectl; it connects"),
        ("/c/kubectl -n n get pods", "/c/kubectl -n n get pods"),
    ],
)
def test_kubectl_is_called_for_the_cluster_of_the_run(embedded_cluster, text, called):
    assert typed(Remedy(text)) == called
    assert typed(text) == text  # a result, such as a manifest


def test_a_file_names_the_cluster_also_where_it_is_the_default(embedded_cluster):
    assert recorded(Remedy("Look: ", Command("diagnose"))) == (
        "Look: learnflow-infra diagnose --context learnflow-dev --namespace other"
    )
    assert typed(Remedy(Command("diagnose"))) == "learnflow-infra diagnose --namespace other"


def test_what_verbs_take_is_read_from_the_verbs():
    """Each repeated parameter exists, so that none is forgotten when it is renamed."""
    known = {p.name for verb in typer.main.get_command(app).commands.values() for p in verb.params}
    assert {*REPEATED} <= known


def test_no_remedy_deletes_data():
    """A remedy never reaches further than the fault: a purge is the user's own decision."""
    skills_ = [repo_root() / "skills-library", repo_root() / "learnflow_infra"]
    files = [f for s in skills_ for kind in ("*.py", "skill.yaml") for f in s.rglob(kind)]
    named = [f for f in files if re.search(r"command: .*purge|Command\([^)]*purge", f.read_text())]
    assert named == []


def test_an_error_ends_with_the_command_that_the_user_types(monkeypatch, capsys):
    monkeypatch.setenv("LEARNFLOW_VIA_MAKE", "1")
    with pytest.raises(typer.Exit), exit_on_error():
        raise NotReadyError("x is not ready.", remedy=DELETE)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "  Next: Remove it: make delete SKILL=kafka-k8s-setup, or purge."


@pytest.mark.parametrize(
    "arguments",
    [("--set", "kafka.listeners={a b}"), ("--set-string", 'postgres.x=it\'s $HOME 5$ "q"')],
)
def test_make_hands_on_the_arguments_of_a_rendered_command(monkeypatch, tmp_path, arguments):
    monkeypatch.setenv("LEARNFLOW_VIA_MAKE", "1")
    for name in ("MAKEFLAGS", "MAKELEVEL"):  # of the make that runs the tests
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "Makefile").write_text("deploy:\n\t@printf '%s\\n' $(ARGS)\n")
    command = typed(Remedy(Command("deploy", *arguments)))
    done = subprocess.run(  # noqa: S602
        command, shell=True, cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == [*arguments]


def test_every_verb_is_a_target_of_make():
    makefile = Path("Makefile").read_text()
    for name in [verb.callback.__name__ for verb in app.registered_commands]:
        assert re.search(rf"^{name}: ##", makefile, re.MULTILINE), name
    for group in app.registered_groups:
        for verb in group.typer_instance.registered_commands:
            target = f"{group.name}-({verb.callback.__name__}|%)"
            assert re.search(rf"^{target}: ", makefile, re.MULTILINE), target
    assert {group.name for group in app.registered_groups} == GROUPS


def test_no_text_of_the_package_holds_a_command_of_it():
    for file in Path("learnflow_infra").rglob("*.py"):
        nodes = [*ast.walk(ast.parse(file.read_text()))]
        docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        texts = [
            str(node.value)
            for node in nodes
            if isinstance(node, ast.Constant) and id(node) not in docstrings
        ]
        assert not re.findall(r"learnflow-infra [a-z].*", "\n".join(texts)), file


LINE = "Using minikube's profile dev: it is minikube's active profile."
VERBS = (
    *("deploy", "diff", "status", "verify", "endpoints", "diagnose", "history kafka-k8s-setup"),
    *("rollback kafka-k8s-setup", "delete --yes", "doctor"),
)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_reports_the_chosen_cluster_once(outside, monkeypatch, tmp_path, verb):
    """On stderr, where a JSON document on stdout is not touched."""
    fault = ClusterUnreachableError("minikube's profile dev is starting.", remedy="Wait.")
    target = Target(
        kind="minikube",
        context="dev",
        kubeconfig=None,
        profile=targets.UPSTREAM,
        choice=LINE,
        fault=fault,
    )
    monkeypatch.setattr(targets, "choose", lambda *_: target)
    monkeypatch.setattr(checkout, "checks", lambda _: [])
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    done = run(*verb.split(), *(["-o", "json"] if verb in {"status", "endpoints", "diff"} else []))
    assert done.stderr.count(LINE) == 1
    assert LINE not in done.stdout
    assert "minikube's profile dev is starting." in done.output
    assert done.exit_code == (FoundationError.exit_code if verb == "doctor" else fault.exit_code)
