"""The manifests that let a user deploy: what an administrator does once, and the Role."""

from dataclasses import replace

import pytest
import yaml

from learnflow_infra.engine.preflight import needs
from learnflow_infra.engine.request import planning
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.prepare import prepare
from learnflow_infra.engine.verbs import rights
from learnflow_infra.events import ignore
from learnflow_infra.skills import library
from learnflow_infra.values import Flags

USER = {"kind": "User", "name": "dev"}
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.org"},
    "spec": {
        "group": "example.org",
        "names": {"kind": "Thing", "plural": "things", "singular": "thing"},
        "scope": "Namespaced",
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {
            "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}],
    },
}  # fmt: skip
TEMPLATE = """
{{- if .Values.wide }}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: operator}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
{{- end }}
{{- if .Values.bound }}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: operator}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: operator}
subjects: []
---
{{- end }}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: operator}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: operator}
subjects: []
---
apiVersion: example.org/v1
kind: Thing
metadata: {name: demo}
"""


@pytest.fixture
def options(tmp_path, monkeypatch):
    folder = tmp_path / "library/demo-k8s-setup"
    chart = folder / "charts/demo"
    (chart / "templates").mkdir(parents=True)
    (chart / "crds").mkdir()
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: demo, version: 1.0.0}")
    (chart / "values.yaml").write_text("{wide: true, bound: false}\n")
    (chart / "crds/thing.yaml").write_text(yaml.safe_dump(CRD))
    (chart / "templates/all.yaml").write_text(TEMPLATE)
    source = {"chart": "charts/demo", "clusterObjectsKey": "wide"}
    profiles = dict.fromkeys(("embedded", "upstream"), source)
    skill = {
        "apiVersion": "learnflow.infra/v1",
        "kind": "Skill",
        "name": "demo-k8s-setup",
        "description": "An operator",
        "releases": [{"name": "demo", "needs": [], "profiles": profiles}],
        "endpoints": [],
    }
    (folder / "skill.yaml").write_text(yaml.safe_dump(skill))
    (folder / "verify.py").write_text("")
    monkeypatch.setattr(library, "library_dir", lambda: folder.parent)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return Options(namespace="n", profile="embedded")


def test_an_administrator_does_what_is_of_no_namespace(options):
    made = rights.grants(options, USER, ignore)
    names = [(item["kind"], item["metadata"]["name"]) for item in made.administrator]
    assert names == [
        ("Namespace", "n"),
        ("CustomResourceDefinition", "things.example.org"),
        ("ClusterRole", "operator"),
    ]
    assert made.apart == ["--set demo.wide=false"]


def test_the_role_has_what_is_of_its_namespace_and_the_right_to_bind(options):
    role, binding = rights.grants(options, USER, ignore).deployer
    assert (role["kind"], role["metadata"]["namespace"]) == ("Role", "n")
    assert (binding["kind"], binding["subjects"]) == ("RoleBinding", [USER])
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    verbs = {
        (resource, *rule.get("resourceNames", ())): rule["verbs"]
        for rule in role["rules"]
        for resource in rule["resources"]
    }
    assert verbs["clusterroles", "operator"] == ["bind"]
    assert verbs["things",] == ["create", "delete", "get", "list", "patch", "watch"]
    assert verbs["rolebindings",] == ["create", "delete", "get", "patch"]
    assert not {"customresourcedefinitions", "nodes", "things/status"} & {key[0] for key in verbs}


NARROW = Flags(set_values=("demo.wide=false",))


def test_the_administrators_part_is_whole_though_deploys_leave_it_out(options):
    made = rights.grants(replace(options, flags=NARROW), USER, ignore)
    assert made.administrator == rights.grants(options, USER, ignore).administrator
    assert made.apart == ["--set demo.wide=false"]


@pytest.mark.parametrize(
    ("flags", "apart"),
    [
        (Flags(), ["--set demo.wide=false"]),
        (NARROW, []),
        (replace(NARROW, set_json=("demo.bound=true",)), []),
    ],
)
def test_an_option_that_is_there_is_not_offered_again(options, flags, apart):
    plan = planning.without_cluster(replace(options, flags=flags), ignore)
    assert needs.of_releases("n", prepare(plan, ignore), ignore).apart == apart
