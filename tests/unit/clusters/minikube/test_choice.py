"""The chosen profile of minikube, in situations that were recorded from minikube itself."""

from dataclasses import replace
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
        monkeypatch.setattr(asking.contexts, "damage", lambda _: row.get("damage", ""))
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


@pytest.mark.parametrize(
    ("case", "other", "says", "remedy"),
    [
        (
            "one-running",
            {"server": ""},
            "runs, but the kubeconfig has no context",
            "update-context",
        ),
        (
            "one-running",
            {"server": "", "damage": "line 1"},
            "runs, but the kubeconfig cannot be read: line 1",
            "kubectl config view",
        ),
        (
            "damaged-kubeconfig",
            {"server": "", "damage": "line 1"},
            "runs, but the kubeconfig cannot be read: line 1",
            "kubectl config view",
        ),
        (
            "one-running",
            {"server": "https://192.168.58.2:8443", "ready": ["two"]},
            "its context leads elsewhere, to https://192.168.58.2:8443",
            "update-context",
        ),
    ],
)
def test_a_profile_that_runs_without_a_context_of_its_own(machine, case, other, says, remedy):
    machine(row_of(case, **other))
    for found in (asking.choose(), asking.named("minikube")):
        assert says in found.fault.what
        assert remedy in str(found.fault.remedy)


def listed(*active, **answers):
    """A row of minikube with the profiles `a` and `b`, which run."""
    state = '"Host":"Running","Kubelet":"Running","APIServer":"Running"'
    valid = [f'{{"Name":"{name}","Active":{str(name in active).lower()}}}' for name in "ab"]
    out = {f"status -o json -p {name}": f'{{"Name":"{name}",{state}}}' for name in "ab"}
    out["profile list -o json --light"] = f'{{"valid":[{",".join(valid)}]}}'
    return {
        "case": str((active, answers)),
        "server": "https://192.168.49.2:8443",
        "answers": {key: {"out": text} for key, text in (out | answers).items()},
    }


def test_the_other_profiles_are_named(machine):
    machine(listed("b"))
    line = "Using minikube's profile b: it is minikube's active profile; passed over: minikube's"
    assert asking.choose().line == f"{line} profile a."


def test_of_several_active_profiles_none_is_guessed(machine):
    machine(listed("a", "b"))
    with pytest.raises(InputError, match="run: a, b"):
        asking.choose()


@pytest.mark.parametrize("before", ["! A notice.\n", "[warn] {1}\n\n", "\ufeff\n{not json\n"])
def test_lines_before_the_json_are_left_out(machine, before):
    row = listed("a")
    for answer in row["answers"].values():
        answer["out"] = before + answer["out"]
    machine({**row, "case": before})
    assert asking.choose().verdict.standing == "usable"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({}, "it does not say why"),
        ({"out": "\ufffd{"}, "it does not say why"),
        ({"exit": 1, "err": "X Exiting.\n"}, "X Exiting"),
        ({"seconds": 60}, "minikube took more than 18 s"),
    ],
)
def test_why_minikube_lists_no_profiles(machine, answer, reason):
    machine({"case": reason + str(answer), "answers": {"profile list -o json --light": answer}})
    line = f"Using the embedded cluster: minikube does not list its profiles ({reason})."
    assert asking.choose().line == line


def test_minikube_is_asked_once_in_a_run(machine, monkeypatch):
    machine(row_of("one-running"))
    first = asking.choose()
    monkeypatch.setattr(asking.programs, "run", None)
    assert asking.choose() is first


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
USABLE = verdict.Verdict(standing="usable", what="runs")
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
    ("server", "nodes", "driver", "standing"),
    [
        ("https://127.0.0.1:32771", {"dev"}, "docker", "usable"),
        ("https://127.0.0.1:32771", {"other"}, "docker", "broken"),
        ("https://company.example", {"worker-1"}, "docker", "broken"),
        ("https://company.example", {"machine"}, "none", "usable"),  # --apiserver-name
        ("https://company.example", set(), "docker", "usable"),
        ("https://company.example", None, "docker", "usable"),
        ("https://192.168.49.2:8443", {"other"}, "docker", "usable"),
    ],
)
def test_a_context_of_a_usable_profile_has_its_nodes(server, nodes, driver, standing):
    profile, context = replace(DESKTOP, driver=driver), Context(server=server, nodes=nodes)
    assert verdict.of_context(profile, USABLE, context).standing == standing


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
