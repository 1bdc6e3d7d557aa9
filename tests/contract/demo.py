"""A release of a small chart, compared and converged as a deploy does it."""

import asyncio
import base64
import gzip
import json
from pathlib import Path
from types import SimpleNamespace

from learnflow_infra.engine.release import converge as releases
from learnflow_infra.engine.release.compare import compare_all
from learnflow_infra.engine.request.options import Options
from learnflow_infra.engine.request.prepare import Prepared
from learnflow_infra.engine.verbs import deploy
from learnflow_infra.models import ChartSource, Profile, Release, ReleaseName, SkillName
from learnflow_infra.sources import charts
from learnflow_infra.values import Computed
from learnflow_infra.values.typed import set_arguments, unmarked

CHART = {
    "Chart.yaml": "apiVersion: v2\nname: demo\nversion: 0.1.0\n",
    "values.yaml": "greeting: hello\n",
    "templates/map.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo}\n"
        "data: {greeting: {{ .Values.greeting }}}\n"
    ),
    "templates/secret.yaml": (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: invented}\n"
        "stringData: {password: {{ randAlphaNum 20 }}}\n"
    ),
}
EMBEDDED = Profile("embedded")


def release_of(folder):
    """A release of the chart, which is written to a folder."""
    for name, text in CHART.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    source = ChartSource(chart=str(folder))
    return Release(name=ReleaseName("demo"), skill=SkillName("demo"), profiles={EMBEDDED: source})


def prepared(release, values):
    source = release.profiles[EMBEDDED]
    return Prepared(
        release=release,
        source=source,
        chart=charts.read(Path(source.chart)),
        computed=Computed(
            release=release.name, values=unmarked(values), set_arguments=set_arguments(values)
        ),
    )


def compared(session, release, values):
    (comparison,) = asyncio.run(compare_all(session, [prepared(release, values)]))
    return comparison


def checked(session, desired):
    """Compare and check a release as a deploy does, which recovers it first if it was cut off."""
    target = SimpleNamespace(profile="embedded")
    plan = SimpleNamespace(
        mirrors=(), skills=(), releases=(), operators=(), target=target, access=None, verify=True
    )
    allowed, _ = deploy._preview(session, plan, [desired], Options())
    (comparison,) = allowed.comparisons
    return comparison


def converge(session, release, values):
    comparison = compared(session, release, values)
    return comparison, converge_compared(session, comparison)


def converge_compared(session, comparison):
    return asyncio.run(releases.converge(session, comparison, 2))


def leave_unfinished(session, status="pending-upgrade", *, revision=2, begun=""):
    """Write a revision of the release as helm leaves it, such as a killed one.

    `begun` is when the operation began (RFC 3339); as revision 1 where it is empty.
    """
    path = f"/api/v1/namespaces/{session.namespace}/secrets"
    secret, *_ = session.kube.items(path, labels="owner=helm,name=demo")
    packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    record = json.loads(gzip.decompress(packed))
    record["version"] = revision
    record["info"]["status"] = status
    record["info"]["last_deployed"] = begun or record["info"]["last_deployed"]
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(record).encode())))
    labels = {**secret["metadata"]["labels"], "status": status, "version": str(revision)}
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": secret["type"],
        "metadata": {"name": f"sh.helm.release.v1.demo.v{revision}", "labels": labels},
        "data": {"release": packed.decode()},
    }
    session.kube.delete(f"{path}/{body['metadata']['name']}")
    session.kube.request("POST", path, body=body)
