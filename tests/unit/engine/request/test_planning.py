"""A plan's profile: by the cluster's own record, whichever clone of the repository asks."""

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from learnflow_infra import paths
from learnflow_infra.clusters import target as targets
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.session import connect
from learnflow_infra.errors import ClusterUnreachableError, FoundationError, RefusedError
from learnflow_infra.events import Message, ignore
from learnflow_infra.locations import Target
from learnflow_infra.models import Profile

RECORD = "/api/v1/namespaces/learnflow/configmaps/learnflow-endpoints"
OPTIONS = Options(context="cluster")


class ApiServer(ThreadingHTTPServer):
    """Answers GET with the objects that it holds; `paths` are those that were asked for."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects, self.paths, self.forbidden, self.allowed = {}, [], "", True


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.paths.append(self.path)
        found = self.server.objects.get(self.path)
        status = 403 if self.server.forbidden else 200 if found else 404
        self.answer(status, found or {"message": self.server.forbidden or "not found"})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(201, {"status": {"allowed": self.server.allowed}})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    with ApiServer() as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        cluster = {"server": f"http://127.0.0.1:{made.server_port}"}
        config = {
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "cluster", "context": {"cluster": "c", "user": "u"}}],
        }
        (tmp_path / "config").write_text(yaml.safe_dump(config))
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
        yield made
        made.shutdown()


def record(server, profile):
    document = {"context": "cluster", "namespace": "learnflow", "profile": profile}
    data = {"endpoints.json": json.dumps(document)}
    server.objects[RECORD] = {"metadata": {"resourceVersion": "1"}, "data": data}
    return document


def for_cluster(options):
    return planning.for_cluster(options, planning.choose(options, ignore))


@pytest.fixture(params=["a clone that deployed upstream", "a fresh clone"])
def clone(request, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "phase_dir", lambda: tmp_path / "phase")
    if request.param != "a fresh clone":
        (tmp_path / "phase").mkdir()
        document = {"context": "cluster", "namespace": "learnflow", "profile": "upstream"}
        (tmp_path / "phase/endpoints.json").write_text(json.dumps(document))


def test_every_clone_takes_the_profile_that_the_cluster_records(server, clone):
    record(server, "embedded")
    assert for_cluster(OPTIONS).target.profile == "embedded"


def test_without_a_record_the_targets_default_profile_is_used(server, clone):
    assert for_cluster(OPTIONS).target.profile == "upstream"
    assert for_cluster(replace(OPTIONS, profile="embedded")).target.profile == "embedded"


def test_another_profile_than_the_recorded_one_is_refused(server):
    record(server, "embedded")
    with pytest.raises(RefusedError, match="deployed with the profile embedded") as error:
        for_cluster(replace(OPTIONS, profile="upstream"))
    assert "--profile embedded" in str(error.value.remedy)


def test_a_verb_that_asks_no_cluster_takes_the_default(server, clone):
    record(server, "embedded")
    assert planning.without_cluster(OPTIONS, ignore).target.profile == "upstream"
    assert server.paths == []


def test_the_record_is_read_once_and_handed_on(server):
    document = record(server, "embedded")
    session = connect(for_cluster(OPTIONS), ignore)
    assert session.record.endpoints == document
    assert server.paths == [RECORD]


def test_the_record_of_a_new_cluster_is_read_once_it_runs(server):
    plan = for_cluster(OPTIONS)
    document = record(server, "upstream")
    session = connect(replace(plan, record=None), ignore)
    assert session.record.endpoints == document
    record(server, "embedded")
    with pytest.raises(RefusedError, match="deployed with the profile embedded"):
        connect(replace(plan, record=None), ignore)


def test_a_cluster_that_does_not_run_is_not_connected_to(server):
    plan = planning.without_cluster(OPTIONS, ignore)
    stopped = replace(plan.target, state="stopped", cluster="x")
    with pytest.raises(ClusterUnreachableError, match="x is stopped") as error:
        connect(replace(plan, target=stopped), ignore)
    assert "cluster up --name x" in str(error.value.remedy)


def test_a_user_who_may_read_the_nodes_needs_no_tunnel(server):
    assert for_cluster(OPTIONS).target.tunnel is False


def test_without_the_nodes_addresses_a_tunnel_leads_to_node_ports(server):
    server.allowed = False
    target = for_cluster(OPTIONS).target
    assert (target.node_address, target.tunnel) == ("127.0.0.1", True)
    assert "may not read the nodes" in target.without_nodes


def test_a_namespace_in_which_this_user_may_do_nothing(server):
    server.forbidden = (
        'configmaps "learnflow-endpoints" is forbidden: User "u" cannot get resource "configmaps" '
        'in API group "" in the namespace "learnflow"'
    )
    with pytest.raises(FoundationError, match="in the namespace learnflow, or it does not") as e:
        for_cluster(OPTIONS)
    assert "rights --as-manifest" in str(e.value.remedy)
    assert server.forbidden in str(e.value.why)


def test_rights_are_those_of_the_recorded_profile(server):
    record(server, "embedded")
    assert planning.for_rights(OPTIONS, ignore).target.profile == "embedded"


def test_rights_are_named_also_to_a_user_who_may_do_nothing_in_the_namespace(server):
    server.allowed = False
    server.forbidden = (
        'configmaps "learnflow-endpoints" is forbidden: User "u" cannot get resource "configmaps" '
        'in API group "" in the namespace "learnflow"'
    )
    plan = planning.for_rights(OPTIONS, ignore)
    assert (plan.target.profile, plan.target.tunnel) == ("upstream", True)


def test_variables_that_helm_does_not_get_are_named(server, monkeypatch):
    monkeypatch.setenv("HELM_KUBEASUSER", "nobody")
    emitted = []
    connect(for_cluster(OPTIONS), emitted.append)
    (message,) = emitted
    assert message.text.startswith("Not used: HELM_KUBEASUSER.")


UNUSABLE = Target(
    kind="minikube",
    context="dev",
    kubeconfig=None,
    profile=Profile("upstream"),
    choice="Using minikube's profile dev: it is minikube's active profile.",
    fault=ClusterUnreachableError("minikube's profile dev is starting."),
)


def test_what_was_chosen_is_reported_once(monkeypatch):
    emitted = []
    monkeypatch.setattr(targets, "choose", lambda *_: UNUSABLE)
    plan = planning.without_cluster(Options(), emitted.append)
    assert emitted == [Message(text=UNUSABLE.choice)]
    with pytest.raises(ClusterUnreachableError, match="dev is starting"):
        planning.for_cluster(Options(), plan.target)
    with pytest.raises(ClusterUnreachableError, match="dev is starting"):
        connect(plan, ignore)
