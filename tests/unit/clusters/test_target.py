"""The chosen target. minikube is a stand-in that answers as its documentation shows."""

import json

import pytest
import yaml

from learnflow_infra.clusters import target as targets
from learnflow_infra.errors import ClusterUnreachableError, InputError

STAND_IN = """\
#!/bin/sh
# A stand-in for minikube: profile list, status and ip of one profile called "dev".
case "$1 $2" in
"profile list")
  echo '{"invalid":[],"valid":[{"Name":"dev","Status":"OK","Config":{"Driver":"docker"}}]}' ;;
"status --profile") echo '{"Name":"dev","Host":"Running","Kubelet":"Running","APIServer":"%s"}' ;;
"ip --profile") echo 192.168.49.2 ;;
*) exit 64 ;;
esac
"""


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


def minikube(folder, state):
    program = folder / "minikube"
    program.write_text(STAND_IN % state)
    program.chmod(0o755)


def test_without_anything_it_is_the_embedded_cluster():
    target = targets.choose(None, None)
    assert (target.kind, target.cluster, target.profile) == ("embedded", "learnflow", "embedded")


def test_the_current_context_is_never_taken_by_itself():
    assert targets.choose(None, None).context != "company"


def test_a_named_context_is_used_with_the_upstream_profile():
    target = targets.choose("company", None)
    assert (target.kind, target.context, target.profile) == ("context", "company", "upstream")


def test_a_running_minikube_comes_before_the_embedded_cluster(machine):
    minikube(machine, "Running")
    target = targets.choose(None, None)
    assert (target.kind, target.context, target.profile) == ("minikube", "dev", "upstream")
    assert target.node_address == "192.168.49.2"


def test_outside_linux_its_containers_are_reached_through_a_tunnel(machine, monkeypatch):
    minikube(machine, "Running")
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    target = targets.choose(None, None)
    assert (target.node_address, target.tunnel) == ("127.0.0.1", True)


def test_a_stopped_minikube_is_left_alone(machine):
    minikube(machine, "Stopped")
    assert targets.choose(None, None).kind == "embedded"


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


def test_an_empty_variable_means_the_default_kubeconfig(machine, monkeypatch):
    (machine / ".kube").mkdir()
    (machine / "config").rename(machine / ".kube/config")
    monkeypatch.setenv("HOME", str(machine))
    monkeypatch.setenv("KUBECONFIG", "")
    assert targets.choose("company", None).context == "company"
