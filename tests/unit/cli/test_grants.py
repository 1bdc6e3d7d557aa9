"""`rights --as-manifest`: one stream for a pipe, or the two files that administrators keep."""

import pytest
import yaml
from typer.testing import CliRunner

from learnflow_infra.cli.grants import subject
from learnflow_infra.cli.main import app
from learnflow_infra.engine.verbs import rights
from learnflow_infra.errors import InputError

MADE = rights.Grants(
    administrator=[{"kind": "Namespace"}, {"kind": "ClusterRole"}],
    deployer=[{"kind": "Role"}, {"kind": "RoleBinding"}],
    apart=["--set demo.wide=false"],
)


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setattr(rights, "grants", lambda *_: MADE)
    return lambda *args: CliRunner().invoke(app, ["rights", *args])


def kinds(text):
    return [item["kind"] for item in yaml.safe_load_all(text)]


def test_both_manifests_are_one_stream_for_kubectl(run):
    done = run("--as-manifest")
    assert kinds(done.stdout) == ["Namespace", "ClusterRole", "Role", "RoleBinding"]
    comments = [line for line in done.stdout.splitlines() if line.startswith("#")]
    assert len(comments) == 2
    assert "--set demo.wide=false" in comments[1]


def test_each_manifest_is_a_file_of_a_folder(run, tmp_path):
    folder = tmp_path / "new" / "rights"
    done = run("--as-manifest", "--output-dir", str(folder))
    assert done.exit_code == 0
    assert kinds((folder / "administrator.yaml").read_text()) == ["Namespace", "ClusterRole"]
    assert kinds((folder / "deployer.yaml").read_text()) == ["Role", "RoleBinding"]
    assert "--set demo.wide=false" in (folder / "deployer.yaml").read_text()
    assert done.stdout.splitlines() == [
        f"wrote {folder}/administrator.yaml",
        f"wrote {folder}/deployer.yaml",
        f"An administrator applies both: kubectl apply --server-side -f {folder}",
    ]


def test_a_folder_that_cannot_be_written_is_no_fault_of_ours(run, tmp_path):
    (tmp_path / "file").write_text("")
    assert run("--as-manifest", "--output-dir", str(tmp_path / "file")).exit_code == 11


@pytest.mark.parametrize(
    "option", ["--output-dir=x", "--user=dev", "--group=team", "--serviceaccount=n:robot"]
)
def test_options_of_the_manifests_are_not_ignored_without_them(run, option):
    done = run(option)
    assert done.exit_code == 3
    assert "--as-manifest" in done.stderr


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ((None, None, None), ("User", "REPLACE-ME")),
        (("dev", None, None), ("User", "dev")),
        ((None, "team", None), ("Group", "team")),
        ((None, None, "n:robot"), ("ServiceAccount", "robot")),
    ],
)
def test_who_gets_the_role(named, expected):
    found = subject(*named)
    assert (found["kind"], found["name"]) == expected


@pytest.mark.parametrize("named", [("a", "b", None), (None, None, "robot"), (None, None, ":r")])
def test_a_subject_that_is_not_clear_is_wrong_input(named):
    with pytest.raises(InputError):
        subject(*named)
