"""The chosen target. minikube is a stand-in that answers as it was recorded."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from learnflow_infra.clusters import target as targets
from learnflow_infra.clusters.minikube import asking
from learnflow_infra.errors import ClusterUnreachableError, InputError, RefusedError

SECONDS = asking.SECONDS
ROWS = yaml.safe_load((Path(__file__).parents[1] / "tables/minikube.yaml").read_text())


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A machine with no minikube, no embedded cluster and a kubeconfig with one remote context."""
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "https://company.example"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [
            {"name": name, "context": {"cluster": "c", "user": "u"}}
            for name in ("company", "learnflow-prod")
        ],
        "current-context": "company",
    }
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def embedded(machine, name, server="https://10.99.0.2:6443"):
    """An embedded cluster of which only the files exist."""
    folder = machine / "data/learnflow-infra/clusters" / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"name": name, "subnet": "10.99.0.0/30"}))
    text = (machine / "config").read_text().replace("https://company.example", server)
    (folder / "kubeconfig").write_text(text.replace("learnflow-prod", f"learnflow-{name}"))
    return folder / "kubeconfig"


def minikube(folder, case, note=""):
    """A program that answers as minikube was recorded; what took over 18 s, never answers."""
    row = next(row for row in ROWS if row["case"] == case and note in row.get("note", ""))
    lines = ["#!/bin/sh", 'case "$*" in']
    for number, (arguments, answer) in enumerate(row["answers"].items()):
        for stream in ("out", "err"):
            (folder / f"{number}.{stream}").write_text(answer.get(stream, ""))
        late = "exec sleep 60; " if answer.get("seconds", 0) > SECONDS else ""
        print_all = f"cat {folder}/{number}.out; cat {folder}/{number}.err >&2"
        lines += [f"'{arguments}') {late}{print_all}; exit {answer.get('exit', 0)} ;;"]
    program = folder / "minikube"
    program.write_text("\n".join([*lines, "*) exit 64 ;;", "esac", ""]))
    program.chmod(0o755)
    if "server" in row:
        config = (folder / "config").read_text()
        config = config.replace("https://company.example", row["server"])
        (folder / "config").write_text(config.replace("company", row["profile"] or "minikube"))


def test_without_anything_it_is_the_embedded_cluster():
    target = targets.choose(None, None)
    assert (target.kind, target.cluster, target.profile) == ("embedded", "learnflow", "embedded")


@pytest.mark.parametrize(
    ("linux", "remedy"),
    [(True, "cluster up --name learnflow"), (False, "`minikube start`, or")],
)
def test_what_to_do_without_a_cluster(monkeypatch, linux, remedy):
    monkeypatch.setattr(targets.requirements, "is_linux", lambda: linux)
    with pytest.raises(ClusterUnreachableError, match="learnflow is absent") as error:
        targets.require_running(targets.choose(None, None))
    assert remedy in str(error.value.remedy)


def test_a_stopped_cluster_that_is_too_new_is_not_to_be_started(machine):
    folder = embedded(machine, "learnflow").parent
    record = {"versions": {"Kubernetes": "v9.0.0", "etcd": "v9.0.0"}, "checkout": "/other"}
    (folder / "versions.json").write_text(json.dumps(record))
    target = targets.choose(None, None)
    assert target.state == "stopped"
    with pytest.raises(RefusedError, match="newer version") as error:
        targets.require_running(target)
    assert "/other" in str(error.value.remedy)


def test_the_current_context_is_never_taken_by_itself():
    assert targets.choose(None, None).context != "company"


def test_before_the_embedded_cluster_starts_the_current_context_is_named(machine):
    line = "Using the embedded cluster: the current context company was not named (--context)."
    assert targets.choose(None, None).choice == line
    minikube(machine, "one-stopped")
    assert "company" not in targets.choose(None, None).choice


@pytest.mark.parametrize(
    ("state", "config"),
    [
        ("running", "current-context: company"),
        ("absent", "current-context: learnflow-learnflow"),
        ("absent", "a: ["),
        ("absent", ""),
    ],
)
def test_where_there_is_no_line(machine, monkeypatch, state, config):
    text = (machine / "config").read_text()
    name = config.partition(": ")[2]
    if config.startswith("current-context"):
        config = text.replace("current-context: company", config).replace(
            "name: company", f"name: {name}"
        )
    (machine / "config").write_text(config)
    found = targets.inventory.status
    monkeypatch.setattr(targets.inventory, "status", lambda name: replace(found(name), state=state))
    assert targets.choose(None, None).choice == ""


def test_a_named_context_is_used_with_the_upstream_profile():
    target = targets.choose("company", None)
    assert (target.kind, target.context, target.profile) == ("context", "company", "upstream")


def test_a_running_minikube_comes_before_the_embedded_cluster(machine):
    minikube(machine, "one-running")
    target = targets.choose(None, None)
    assert (target.kind, target.context, target.profile) == ("minikube", "minikube", "upstream")
    assert (target.node_address, target.driver) == ("192.168.49.2", "docker")
    assert target.choice == "Using minikube's profile minikube: it is minikube's active profile."
    targets.require_running(target)


def test_the_nodes_that_run_give_the_address_of_node_ports(machine):
    minikube(machine, "ha-one-stopped", "stopped")
    assert targets.choose(None, None).node_address == "192.168.49.3"


@pytest.mark.parametrize("named", [None, "minikube"])
def test_outside_linux_its_containers_are_reached_through_a_tunnel(machine, monkeypatch, named):
    minikube(machine, "one-running")
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    target = targets.choose(named, None)
    assert (target.kind, target.driver) == ("minikube", "docker")
    assert (target.node_address, target.tunnel) == ("127.0.0.1", True)


def test_on_docker_desktop_for_linux_there_is_a_tunnel_too(machine, monkeypatch):
    minikube(machine, "desktop-running")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    target = targets.choose("minikube", None)
    assert (target.node_address, target.tunnel) == ("127.0.0.1", True)


def test_a_stopped_minikube_is_passed_over(machine):
    minikube(machine, "one-stopped")
    target = targets.choose(None, None)
    assert target.kind == "embedded"
    assert "minikube's profile minikube is stopped (minikube start -p minikube)" in target.choice


def test_a_context_that_leads_elsewhere_is_never_used(machine):
    minikube(machine, "one-misconfigured")
    for named in (None, "minikube"):
        target = targets.choose(named, None)
        for require in (targets.require_usable, targets.require_running):
            with pytest.raises(
                ClusterUnreachableError, match="its context leads elsewhere"
            ) as error:
                require(target)
        assert "minikube update-context -p minikube" in str(error.value.remedy)


def test_a_minikube_that_never_answers(machine, monkeypatch):
    minikube(machine, "slow-ssh", "never speaks")
    monkeypatch.setattr(asking, "SECONDS", 0.5)
    monkeypatch.setattr(asking, "_ready_nodes", lambda _: None)
    target = targets.choose(None, None)
    with pytest.raises(ClusterUnreachableError, match="minikube took more than 0"):
        targets.require_usable(target)


def test_the_profile_can_be_chosen():
    assert targets.choose(None, "upstream").profile == "upstream"
    with pytest.raises(InputError, match="no profile 'other'"):
        targets.choose(None, "other")


def test_contexts_that_do_not_exist():
    with pytest.raises(ClusterUnreachableError, match="The context none"):
        targets.choose("none", None)
    with pytest.raises(ClusterUnreachableError, match="no embedded cluster 'x', and no context"):
        targets.choose("learnflow-x", None)


def test_a_context_of_the_user_with_our_prefix_is_the_users_cluster():
    target = targets.choose("learnflow-prod", None)
    assert (target.kind, target.context, target.profile) == (
        "context",
        "learnflow-prod",
        "upstream",
    )
    assert target.cluster is None


def test_the_context_of_an_embedded_cluster(machine):
    embedded(machine, "dev")
    target = targets.choose("learnflow-dev", None)
    assert (target.kind, target.cluster, target.profile) == ("embedded", "dev", "embedded")


def test_a_context_of_two_clusters_is_refused(machine):
    embedded(machine, "prod")
    with pytest.raises(InputError, match="learnflow-prod is the embedded cluster prod") as error:
        targets.choose("learnflow-prod", None)
    assert "https://company.example" in str(error.value.why)
    assert "kubectl config rename-context learnflow-prod" in str(error.value.remedy)


def test_the_embedded_clusters_own_kubeconfig_is_no_second_cluster(machine, monkeypatch):
    own = embedded(machine, "dev")
    monkeypatch.setenv("KUBECONFIG", f"{own}:{machine / 'config'}")
    assert targets.choose("learnflow-dev", None).kind == "embedded"
    assert targets.choose("learnflow-prod", None).kind == "context"


def test_a_broken_kubeconfig_does_not_hide_an_embedded_cluster(machine):
    embedded(machine, "dev")
    (machine / "config").write_text("contexts: [")
    assert targets.choose("learnflow-dev", None).kind == "embedded"


@pytest.mark.parametrize(
    "text", ["contexts: [", "- a list", "contexts: [{name: company, context: 3}]"]
)
def test_a_kubeconfig_that_cannot_be_read_is_named(machine, text):
    file = machine / "config"
    file.write_text(text)
    with pytest.raises(ClusterUnreachableError, match=f"The kubeconfig {file} cannot be read"):
        targets.choose("company", None)
    damage = targets.contexts.damage("company")
    assert damage
    assert "\n" not in damage


def test_a_kubeconfig_without_a_context_can_be_read(machine):
    assert targets.contexts.damage("company") == targets.contexts.damage("none") == ""


def test_an_empty_variable_means_the_default_kubeconfig(machine, monkeypatch):
    (machine / ".kube").mkdir()
    (machine / "config").rename(machine / ".kube/config")
    monkeypatch.setenv("HOME", str(machine))
    monkeypatch.setenv("KUBECONFIG", "")
    assert targets.choose("company", None).context == "company"


@pytest.mark.parametrize("folder", ["/dev/null", "/dev/null/data"])
def test_a_data_folder_that_is_none_is_an_input_error(monkeypatch, folder):
    monkeypatch.setenv("XDG_DATA_HOME", folder)
    with pytest.raises(InputError, match=f"{folder} is no folder"):
        targets.choose(None, None)


@pytest.mark.parametrize("server", ["file:///etc/passwd", "company.example:6443"])
def test_a_context_without_the_address_of_an_api_server(machine, server):
    config = (machine / "config").read_text()
    (machine / "config").write_text(config.replace("https://company.example", server))
    with pytest.raises(ClusterUnreachableError, match="names no API server"):
        targets.choose("company", None)
