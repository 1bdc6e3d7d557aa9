"""The chosen profile of minikube, in situations that were recorded from minikube itself."""

from pathlib import Path

import pytest
import yaml

from learnflow_infra.clusters.minikube import asking, choice, printed, verdict
from learnflow_infra.clusters.minikube.verdict import Context
from learnflow_infra.errors import ClusterUnreachableError, InputError
from learnflow_infra.remedy import Remedy
from learnflow_infra.system.processes import ProgramError, Result

ROWS = yaml.safe_load((Path(__file__).parents[2] / "tables/minikube.yaml").read_text())


def name(row):
    return f"{row['case']}: {row['note']}" if "note" in row else row["case"]


def replayed(answers):
    """A stand-in for `programs.run` that answers as minikube did."""

    def run(argv, *, seconds):
        answer = answers.get(" ".join(argv[1:]), {"exit": 64, "err": "unknown command"})
        if answer.get("seconds", 0) > seconds:
            raise ProgramError(f"minikube took more than {seconds:.0f} s.")
        out, err = answer.get("out", "").encode(), answer.get("err", "").encode()
        return Result(argv=argv, code=answer.get("exit", 0), out=out, err=err)

    return run


@pytest.fixture
def machine(monkeypatch):
    """Puts a row in place of minikube and of the kubeconfig."""

    def put(row):
        ready = row.get("ready")
        monkeypatch.setattr(asking.programs, "run", replayed(row["answers"]))
        monkeypatch.setattr(asking.shutil, "which", lambda _: f"/{name(row)}/minikube")
        monkeypatch.setattr(asking.contexts, "server", lambda _: row.get("server", ""))
        monkeypatch.setattr(asking, "_ready_nodes", lambda _: ready and frozenset(ready))
        monkeypatch.setenv(choice.VARIABLE, row.get("variable", ""))

    return put


def test_each_recorded_situation_is_here():
    assert len({row["case"] for row in ROWS}) == 32


@pytest.mark.parametrize("row", [row for row in ROWS if "error" not in row], ids=name)
def test_the_choice(machine, row):
    machine(row)
    chosen = asking.choose()
    assert (chosen.profile.name if chosen.profile else "") == row["profile"]
    assert row.get("line", "") in chosen.line
    assert "\n" not in chosen.line
    if chosen.profile:
        assert chosen.verdict.standing == row["standing"]
        assert list(chosen.verdict.nodes) == row["nodes"]
    if chosen.profile and row["standing"] == "usable":
        assert chosen.fault is None
    elif chosen.profile:
        assert isinstance(chosen.fault, ClusterUnreachableError)
        assert row["says"] in chosen.fault.what
        assert row.get("remedy", "") in str(chosen.fault.remedy)


@pytest.mark.parametrize("row", [row for row in ROWS if "error" in row], ids=name)
def test_several_that_run_are_not_guessed(machine, row):
    machine(row)
    with pytest.raises(InputError) as error:
        asking.choose()
    assert error.value.what == row["error"]
    assert row["remedy"] in str(Remedy(error.value.remedy))


def row_of(case, **other):
    return {**next(row for row in ROWS if row["case"] == case), "note": str(other), **other}


@pytest.mark.parametrize(
    ("case", "server", "chosen", "fault"),
    [
        ("one-running", "https://192.168.49.2:8443", True, ""),
        ("one-stopped", "https://192.168.49.2:8443", True, "is stopped"),
        ("one-stopped", "https://company.example", False, ""),
        ("one-stopped", "", True, "is stopped"),
        ("one-paused", "https://127.0.0.1:32771", True, "is paused"),
        ("one-misconfigured", "https://company.example", True, "its context leads elsewhere"),
        ("one-starting", "", True, "is starting"),
        ("no-profile", "https://company.example", False, ""),
    ],
)
def test_a_context_that_is_named(machine, case, server, chosen, fault):
    """It is a profile's by its name, unless its server is another and the profile does not run."""
    machine(row_of(case, server=server))
    found = asking.named("minikube")
    assert bool(found.profile) is chosen
    assert fault in (found.fault.what if found.fault else "")
    assert bool(found.fault) is bool(fault)


def test_minikube_is_asked_once_in_a_run(machine, monkeypatch):
    machine(row_of("one-running"))
    first = asking.choose()
    monkeypatch.setattr(asking.programs, "run", None)
    assert asking.choose() is first


def test_profiles_that_minikube_does_not_list(machine):
    machine({"case": "no list", "answers": {}})
    line = "Using the embedded cluster: minikube does not list its profiles (unknown command)."
    assert asking.choose().line == line


def test_a_machine_without_minikube(monkeypatch):
    monkeypatch.setattr(asking.shutil, "which", lambda _: None)
    assert asking.choose() == asking.named("minikube") == choice.Choice()


DESKTOP = printed.Profile(
    name="dev",
    active=True,
    driver="docker",
    nodes=(
        printed.Node(name="dev", address="192.168.49.2", port=8443, control_plane=True),
        printed.Node(name="dev-m02", address="192.168.49.3", port=8443, control_plane=False),
    ),
)
UNKNOWN = verdict.Verdict(standing="unknown", what="is in a state that minikube cannot tell")


@pytest.mark.parametrize(
    ("server", "nodes", "standing"),
    [
        ("https://192.168.49.2:8443", None, "unknown"),
        ("https://192.168.49.2:8443", frozenset(), "usable"),
        ("https://192.168.49.2:8443", frozenset({"dev"}), "usable"),
        ("https://127.0.0.1:32771", frozenset({"dev", "dev-m02"}), "usable"),
        ("https://127.0.0.1:32771", frozenset({"other"}), "broken"),
        ("https://127.0.0.1:32771", frozenset(), "broken"),
        ("https://company.example", frozenset({"dev"}), "unknown"),
        ("", None, "unknown"),
    ],
)
def test_a_port_of_this_host_may_belong_to_another_profile(server, nodes, standing):
    context = Context(server=server, nodes=nodes)
    assert verdict.of_context(DESKTOP, UNKNOWN, context).standing == standing


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "[null]",
        "{}",
        "3",
        '"x"',
        "{",
        '{"Name": "dev"}',
        '[[{"Host": "Running"}]]',
    ],
)
def test_what_is_no_state_reads_as_unknown(text):
    assert printed.states(text) is None
    assert printed.transient(text) == ""
    assert printed.invalid(text) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", None),
        ('{"error":{}}', None),
        ("[]", None),
        ('{"valid":null}', 0),
        ('{"valid":[null,{"Name":null},{"Name":3}]}', 0),
        ('{"valid":[{"Name":"a"},{"Name":"b","Config":[]},{"Name":"c","Config":{"Nodes":3}}]}', 3),
    ],
)
def test_lists_of_profiles_of_any_form(text, count):
    found = printed.profiles(text)
    assert found == count if count is None else len(found) == count
