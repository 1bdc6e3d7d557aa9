"""A chart whose newer version has a CRD with more fields, and a resource that uses them."""

import asyncio
import copy

import pytest
import yaml

from learnflow_infra.engine.release import crds, validate
from learnflow_infra.engine.release.compare import compare_all
from learnflow_infra.engine.request.prepare import Prepared
from learnflow_infra.events import ignore
from learnflow_infra.models import ChartSource, Release, ReleaseName, SkillName
from learnflow_infra.sources import charts
from learnflow_infra.values import Computed
from tests.contract.test_crds import CRD, TEXT, THING

pytestmark = pytest.mark.contract
OWN = yaml.safe_load(yaml.safe_dump(CRD).replace("contract.example.org", "upgrade.example.org"))
RESOURCE = {**THING, "apiVersion": "upgrade.example.org/v1"}


def with_more(crd):
    made = copy.deepcopy(crd)
    schema = made["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"]["properties"]["more"] = TEXT
    return made


def prepared(folder, crd, spec, version):
    files = {
        "Chart.yaml": {"apiVersion": "v2", "name": "demo", "version": version},
        "crds/things.yaml": crd,
        "templates/thing.yaml": {**RESOURCE, "spec": spec},
    }
    for name, document in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(yaml.safe_dump(document))
    source = ChartSource(chart=str(folder))
    release = Release(name=ReleaseName("demo"), skill=SkillName("demo"), profiles={"x": source})
    computed = Computed(release=release.name, values={})
    return Prepared(release=release, source=source, chart=charts.read(folder), computed=computed)


def test_the_plan_is_made_before_the_cluster_has_the_field(session, tmp_path):
    old = prepared(tmp_path / "old", OWN, {"name": "a"}, "1.0.0")
    crds.apply(session.kube, crds.compare(session.kube, old.chart), ignore)
    asyncio.run(session.helm.upgrade(old.installation, seconds=20))
    new = prepared(tmp_path / "new", with_more(OWN), {"name": "a", "more": "b"}, "2.0.0")
    (planned,) = asyncio.run(compare_all(session, [new]))
    assert [change.object for change in planned.diff] == ["Thing/x"]
    assert validate.against_crds([(new, planned.desired.manifest)]) == []
    compared = crds.compare(session.kube, new.chart)
    assert crds.apply(session.kube, compared, ignore) is True
    asyncio.run(session.helm.upgrade(new.installation, seconds=20))
    path = f"/apis/upgrade.example.org/v1/namespaces/{session.namespace}/things/x"
    assert session.kube.find(path)["spec"] == {"name": "a", "more": "b"}
    (planned,) = asyncio.run(compare_all(session, [new]))
    assert (list(planned.diff), list(planned.findings)) == ([], [])
