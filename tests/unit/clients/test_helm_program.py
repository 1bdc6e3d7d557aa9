"""How helm is started; a stand-in prints what it was given."""

import asyncio

import pytest

from learnflow_infra.clients import helm_environment, helm_program
from learnflow_infra.clients.api_errors import MissingRightError
from learnflow_infra.clients.helm_errors import HelmError, translate
from learnflow_infra.clients.helm_program import HelmCommand, run
from learnflow_infra.errors import (
    ArtifactError,
    ClusterUnreachableError,
    FoundationError,
    InputError,
    ReleaseFailedError,
)


def test_helm_gets_the_environment_of_the_target_beside_ones_own(tmp_path, monkeypatch):
    program = tmp_path / "helm"
    program.write_text('#!/bin/sh\necho "$NO_PROXY $OWN $*"\n')
    program.chmod(0o755)
    monkeypatch.setattr(helm_program, "executable", lambda: str(program))
    monkeypatch.setenv("NO_PROXY", "localhost")
    monkeypatch.setenv("OWN", "own")
    command = HelmCommand(environment={"NO_PROXY": "localhost,10.213.0.2"})
    out = asyncio.run(command.run(["list", "a b"])).decode()
    assert out.startswith("localhost,10.213.0.2 own ")
    assert "list a b" in out


ENVIRON = {
    "PATH": "/usr/bin:/bin",
    "HELM_KUBEAPISERVER": "https://127.0.0.1:9",
    "HELM_KUBEASUSER": "nobody",
    "HELM_KUBEASGROUPS": "none",
    "HELM_KUBETOKEN": "t",
    "HELM_KUBECAFILE": "/ca",
    "HELM_KUBECONTEXT": "other",
    "HELM_KUBEINSECURE_SKIP_TLS_VERIFY": "true",
    "HELM_KUBETLS_SERVER_NAME": "x",
    "HELM_NAMESPACE": "other",
    "HELM_DRIVER": "configmap",
    "HELM_DRIVER_SQL_CONNECTION_STRING": "x",
    "HELM_MAX_HISTORY": "1",
    "HELM_PLUGINS": "/plugins",
    "HELM_DEBUG": "true",
    "HELM_INVENTED_LATER": "x",
    "HELM_CACHE_HOME": "/cache",
    "HELM_REGISTRY_CONFIG": "/registry.json",
}


def test_every_helm_process_is_free_of_variables_that_only_helm_reads(tmp_path, monkeypatch):
    program = tmp_path / "helm"
    program.write_text("#!/bin/sh\nenv\n")
    program.chmod(0o755)
    monkeypatch.setattr(helm_program, "executable", lambda: str(program))
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    texts = [asyncio.run(HelmCommand().run(["list"])), asyncio.run(run(["pull"])).out]
    for text in texts:
        names = {line.partition("=")[0] for line in text.decode().splitlines()}
        kept = {name for name in names if name.startswith("HELM_")}
        assert kept == {"HELM_CACHE_HOME", "HELM_REGISTRY_CONFIG"}


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({"HELM_DRIVER": "secret", "HELM_DEBUG": "1", "HELM_CACHE_HOME": "/c"}, []),
        ({"HELM_DRIVER": "", "HELM_KUBEASUSER": ""}, []),
        ({"HELM_KUBEASUSER": "me", "HELM_DRIVER": "sql"}, ["HELM_DRIVER", "HELM_KUBEASUSER"]),
        ({"HELM_NAMESPACE": "x", "HELM_KUBECONTEXT": "x"}, ["HELM_KUBECONTEXT", "HELM_NAMESPACE"]),
    ],
)
def test_variables_that_would_have_chosen_another_cluster_are_named(environ, names):
    assert helm_environment.ignored(environ) == names


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ('{{ fail "brokers: two are too few" }}', "brokers: two are too few"),
        ('{{ required "size is required" .Values.size }}', "size is required"),
    ],
)
def test_what_a_chart_refuses_is_wrong_input(tmp_path, template, words):
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: own\nversion: 0.1.0\n")
    (tmp_path / "templates/all.yaml").write_text(template)
    with pytest.raises(InputError, match="The chart of own refuses its values") as refused:
        asyncio.run(translate("own", run(["template", "own", tmp_path])))
    assert refused.value.why == f"{words} (own/templates/all.yaml:1:3)"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ unknown }}", 'function "unknown" not defined'),
        ("a: {{ .Values.a.b.c }}", "nil pointer evaluating"),
        ("just text", "cannot unmarshal string"),
        ("- a\n- b", "cannot unmarshal array"),
        ("kind: ConfigMap\nmetadata:\n\tname: x", "found character that cannot start any token"),
    ],
)
def test_a_template_that_renders_no_object_is_wrong_input(tmp_path, template, words):
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: own\nversion: 0.1.0\n")
    (tmp_path / "templates/all.yaml").write_text(template)
    with pytest.raises(InputError, match="The chart of own cannot be rendered") as refused:
        asyncio.run(translate("own", run(["template", "own", tmp_path])))
    assert words in refused.value.why
    assert "own/templates/all.yaml" in refused.value.why


def test_a_chart_without_its_dependencies_is_not_obtainable(tmp_path):
    chart = (
        "apiVersion: v2\nname: own\nversion: 0.1.0\ndependencies: [{name: sub, version: 0.1.0}]\n"
    )
    (tmp_path / "Chart.yaml").write_text(chart)
    with pytest.raises(ArtifactError, match="The chart of own lacks charts") as missing:
        asyncio.run(translate("own", run(["template", "own", tmp_path])))
    assert missing.value.why == "sub"


def test_a_chart_for_other_versions_of_kubernetes_needs_another_cluster(tmp_path):
    chart = "apiVersion: v2\nname: own\nversion: 0.1.0\nkubeVersion: '>= 1.99'\n"
    (tmp_path / "Chart.yaml").write_text(chart)
    command = ["template", "own", tmp_path, "--kube-version", "v1.34.1"]
    with pytest.raises(FoundationError) as refused:
        asyncio.run(translate("own", run(command)))
    assert refused.value.why == "Its kubeVersion is >= 1.99; this is Kubernetes v1.34.1."


@pytest.mark.parametrize(
    ("stderr", "what"),
    [
        ('Error: no revision for release "demo"', "cannot read its records"),
        ('Error: UPGRADE FAILED: no revision for release "demo"', "cannot read its records"),
        ("Error: UPGRADE FAILED: release: already exists", "or another helm process"),
        ("Error: INSTALLATION FAILED: release: already exists", "or another helm process"),
        ("Error: release: already exists", "or another helm process"),
    ],
)
def test_a_record_that_helm_cannot_read_is_named_and_can_be_deleted(stderr, what):
    async def fail():
        raise HelmError(stderr)

    with pytest.raises(ReleaseFailedError, match=what) as failed:
        asyncio.run(translate("demo", fail()))
    assert failed.value.why == stderr
    lines = str(failed.value.remedy).splitlines()
    assert lines[-2].startswith("kubectl get secrets -l owner=helm,name=demo ")
    assert lines[-1] == "kubectl delete secrets sh.helm.release.v1.demo.vREVISION"


DENIED = (
    'secrets "s" is forbidden: User "u" cannot get resource "secrets" in API group "" '
    'in the namespace "n"'
)
LOOKUP = f'template: d/a.yaml:1:4: executing "d/a.yaml": error calling lookup: {DENIED}'


@pytest.mark.parametrize(
    "stderr",
    [f"Error: query: failed to query with labels: {DENIED}", f"Error: UPGRADE FAILED: {LOOKUP}"],
    ids=["helm's records", "a chart's lookup"],
)
def test_a_right_that_helm_lacks_is_named(stderr):
    async def fail():
        raise HelmError(stderr)

    with pytest.raises(MissingRightError, match="You may not get secrets in") as error:
        asyncio.run(translate("demo", fail()))
    assert error.value.exit_code == 11
    assert error.value.why == stderr
    assert "rights --as-manifest" in str(error.value.remedy)


@pytest.mark.parametrize(
    "stderr",
    [
        "Error: Kubernetes cluster unreachable: the server has asked for the client's credentials",
        "Error: query: failed to query with labels: Unauthorized",
    ],
)
def test_credentials_that_the_server_does_not_accept_are_no_failed_release(stderr):
    async def fail():
        raise HelmError(stderr)

    with pytest.raises(ClusterUnreachableError):
        asyncio.run(translate("demo", fail()))
