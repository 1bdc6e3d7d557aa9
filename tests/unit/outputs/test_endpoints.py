import json
import subprocess
from dataclasses import replace

import pytest

from learnflow_infra.documents import schema_faults
from learnflow_infra.errors import InputError, LockedError
from learnflow_infra.locations import Address, Endpoint, Target
from learnflow_infra.models import Profile, ReleaseName, SkillName
from learnflow_infra.outputs import artifacts
from learnflow_infra.outputs import endpoints as outputs
from learnflow_infra.outputs.placeholders import fill
from learnflow_infra.system import files

TARGET = Target(
    kind="embedded", context="learnflow-x", kubeconfig=None, profile=Profile("embedded")
)
ENDPOINT = Endpoint(
    name="db",
    skill=SkillName("postgres-k8s-setup"),
    release=ReleaseName("postgres"),
    protocol="postgresql",
    in_cluster=Address(host="db.ns.svc.cluster.local", port=5432),
    host=Address(host="10.0.0.2", port=30432),
    parameters={"database": "it's"},
    credentials={"secret": "s", "keys": {"password": "pw"}},
    env={"DB_NAME": "it's"},
    connect=("psql ...",),
)


@pytest.fixture
def document():
    return outputs.document(TARGET, "ns", [ENDPOINT])


def test_the_document_holds_its_published_schema(document):
    assert schema_faults(document, "endpoints") == []


def test_a_required_tunnel_is_reported():
    line = "kubectl -n ns port-forward svc/db 30432:5432"
    document = outputs.document(TARGET, "ns", [replace(ENDPOINT, tunnel=(line,))])
    assert schema_faults(document, "endpoints") == []
    here = "kubectl --context kind-x -n ns port-forward svc/db 30432:5432"
    text = outputs.as_text(document, "kubectl --context kind-x")
    assert f"# keep this open meanwhile: {here}" in text


@pytest.mark.parametrize(
    ("recorded", "here"),
    [
        ("kubectl -n ns get pods", "/k --kubeconfig /c -n ns get pods"),
        ("kubectl --context old -n ns exec db -- x", "/k --kubeconfig /c -n ns exec db -- x"),
        (
            'A="$(/root/b/kubectl --kubeconfig /root/c -n ns get secret kubectl -o x)" psql',
            'A="$(/k --kubeconfig /c -n ns get secret kubectl -o x)" psql',
        ),
        ("psql -h kubectl -n", "psql -h kubectl -n"),
        ("my-kubectl.sh -n ns", "my-kubectl.sh -n ns"),
    ],
)
def test_commands_call_the_kubectl_of_this_host(document, recorded, here):
    item = document["endpoints"][0] | {"connect": [recorded], "tunnel": [recorded]}
    changed = outputs.with_kubectl(item, "/k --kubeconfig /c")
    assert (changed["connect"], changed["tunnel"]) == ([here], [here])


PROOF = {"at": "2026-11-26T08:00:00Z", "by": "x/verify.py", "checks": ["connect from host"]}


@pytest.mark.parametrize(
    ("fields", "key", "comment"),
    [
        (
            {"verified": PROOF},
            "2026-11-26T08:00:00Z",
            "verified 2026-11-26T08:00:00Z by x/verify.py: connect from host",
        ),
        (
            {"unverified": "deployed with --no-verify"},
            "no",
            "not verified: deployed with --no-verify",
        ),
    ],
)
def test_every_form_says_whether_it_is_verified(document, fields, key, comment):
    document["endpoints"][0] |= fields
    assert schema_faults(document, "endpoints") == []
    lines = outputs.as_text(document, "kubectl").splitlines()
    assert f"db.verified={key}" in lines
    assert f"# {comment}" in lines
    assert outputs.as_env(document).splitlines()[0] == f"# db: {comment}"


def test_without_endpoints_the_text_says_so(document):
    assert "None is recorded" in outputs.as_text({**document, "endpoints": []}, "kubectl")


def test_files_with_manifests_and_values_are_private_also_older_ones(tmp_path):
    old = tmp_path / "releases/db/values.yaml"
    old.parent.mkdir(parents=True)
    old.write_text("a: 1")
    old.chmod(0o644)
    artifacts.write_release(tmp_path, "db", values="a: 1", manifest="b", origins="c")
    report = {"started": "2026-11-26T08:00:00Z", "changed": False, "steps": []}
    report |= {"context": "c", "namespace": "n"}
    artifacts.write_report(tmp_path, report)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 5
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}


def test_the_text_is_for_people_and_for_grep(document):
    lines = outputs.as_text(document, "kubectl --context c").splitlines()
    assert "db.in-cluster=db.ns.svc.cluster.local:5432" in lines
    assert "db.from-host=10.0.0.2:30432" in lines
    assert any("get secret s -o go-template=" in line for line in lines)


def test_without_a_way_from_the_host_no_address_is_shown():
    endpoint = replace(ENDPOINT, host=None, without_host="nothing is open")
    document = outputs.document(TARGET, "ns", [endpoint])
    assert schema_faults(document, "endpoints") == []
    assert "host" not in document["endpoints"][0]
    text = outputs.as_text(document, "kubectl")
    assert "from-host" not in text
    assert "# db is not reached from this host: nothing is open" in text.splitlines()


def test_the_env_file_survives_a_shell(document, tmp_path):
    file = tmp_path / "endpoints.env"
    file.write_text(outputs.as_env(document))
    command = f'. {file}; printf %s "$DB_NAME"'
    assert subprocess.run(["sh", "-c", command], capture_output=True, check=True).stdout == b"it's"


def test_a_file_is_replaced_whole_and_left_alone_when_equal(tmp_path):
    path = tmp_path / "a/b.txt"
    files.update(path, "one")
    inode = path.stat().st_ino
    files.update(path, "one")
    assert path.stat().st_ino == inode
    files.update(path, "two")
    assert path.read_text() == "two"
    assert [item.name for item in path.parent.iterdir()] == ["b.txt"]


def test_only_one_run_holds_the_folder(tmp_path):
    with artifacts.lock(tmp_path), pytest.raises(LockedError), artifacts.lock(tmp_path):
        pass
    with artifacts.lock(tmp_path):
        pass


def test_the_three_files_tell_the_same(tmp_path, document):
    artifacts.write_endpoints(tmp_path, document, "kubectl")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(artifacts.ENDPOINT_FILES)
    assert json.loads((tmp_path / "endpoints.json").read_text()) == document


def test_placeholders():
    assert fill("x ${a.b} ${c}", {"a": {"b": 1}, "c": "d"}) == "x 1 d"
    assert fill("$HOME $(id) {a}", {}) == "$HOME $(id) {a}"
    with pytest.raises(InputError, match=r"\$\{a.x\}") as error:
        fill("${a.x}", {"a": {"b": 1}})
    assert error.value.why == "Known: b"
