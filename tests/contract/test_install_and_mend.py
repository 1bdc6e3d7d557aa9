"""A manifest makes the same objects by `helm install` and by mending after a foreign change.

LEARNFLOW_FUZZ=1000 tries that many manifests instead of a few.
"""

import asyncio
import copy
import itertools
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from learnflow_infra import documents
from learnflow_infra.clients.installation import Installation
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.engine.release import drift
from learnflow_infra.errors import LearnflowError

pytestmark = pytest.mark.contract
CASES = int(os.environ.get("LEARNFLOW_FUZZ", "12"))
NUMBERS = itertools.count()

_TEXTS = """
12:30 1:30:30 -1:30 yEs tRUE nULL _1 1:2 12e 1e400 nan inf 0x 0b102 0b 0o 0o9 = 2001-01-01
2001-01-01T00:00:00Z 1.2.3 v1 "y" "0o17" '1e3' "~" '' "" x a:b 1:_ +. 08:00
"""
_OTHERS = """
y Y n yes No on OFF true FALSE ~ null 1 +1 0888 08 0o644 0644 017 -017 1_000 .5 1. 1e3 1E+3 0x1F
0b101 .inf .nan 12345678901234567890 123456789012345678901234567890 -0 -0.0 1e21 1e-7
"""
_INTEGERS = "1 +1 3 0x1F 0b101 017 0o17 08 1_0 1e1 2.0 1_0.0 -0 0 0888"
_BOOLEANS = "y Y yes Yes on ON true n N no off OFF false False"
_QUANTITIES = "1 .5 1e1 100m 1_0 1Gi 0x10 '1e1' +1 0o10 1.5 08"
TAGGED = ["!!str 1", "!!binary aGk=", "!!str", '"a\\nb"', "2001-01-01 10:00:00", "!x 1"]
TEXTS, OTHERS = [*_TEXTS.split(), *TAGGED], _OTHERS.split()
INTEGERS, BOOLEANS, QUANTITIES = _INTEGERS.split(), _BOOLEANS.split(), _QUANTITIES.split()
PORTS = ["80", "http", "0x50", "8e1", "'80'", "0o120", "8_0", "!!str 80"]
BASE64 = ["Zm9v", "'MTIz'", "YQ==", "yes+", "0x1=", "12:3", "null", "~", "''"]


def rarely(common, rare):
    """One in 25 may be of a type that the field does not accept."""
    return st.integers(1, 25).flatmap(lambda n: st.sampled_from(rare if n == 25 else common))


def is_text(word):
    return isinstance(documents.parse_all(f"a: {word}")[0]["a"], str)


WORDS = st.text("0123456789+-._:eExXoObB", min_size=1, max_size=6)
TEXT = rarely(TEXTS, OTHERS) | WORDS.filter(lambda word: word[-1] not in ":-" and is_text(word))
# The server refuses 1e21 in an integer's place when it is created, and cuts it when it is applied.
NO_INTEGERS = [word for word in OTHERS if word != "1e21"]
INTEGER = rarely(INTEGERS, [*NO_INTEGERS, "1:30", "'1'"])
HOLES = {
    "text": TEXT,
    "more": TEXT,
    "last": TEXT,
    "integer": INTEGER,
    "mode": rarely(["0o644", "0644", "420", "0x1A4", "4.2e2"], [*NO_INTEGERS, "1:30"]),
    "boolean": rarely(BOOLEANS, ["yEs", "1", "'true'", "~"]),
    "port": rarely(PORTS, [".5", "true"]),
    "quantity": rarely(QUANTITIES, ["y", "1:30", "~"]),
    "base64": rarely(BASE64, ["Zm9", "1230", "12e3"]),
}
MANIFEST = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
  annotations:
    a: {text}
    b: {more}
data:
  a: {text}
  b: {more}
  c: {last}
---
apiVersion: v1
kind: Secret
metadata:
  name: {name}
data:
  a: {base64}
stringData:
  b: {more}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  replicas: {integer}
  minReadySeconds: {integer}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}, annotations: {{a: {last}}}}}
    spec:
      shareProcessNamespace: {boolean}
      securityContext:
        fsGroup: {integer}
      volumes:
      - name: map
        configMap:
          name: {name}
          defaultMode: {mode}
          optional: {boolean}
      containers:
      - name: main
        image: web:1
        args:
        - {text}
        - {last}
        env:
        - name: A
          value: {text}
        - name: B
          value: {more}
        resources:
          requests:
            cpu: {quantity}
        readinessProbe:
          httpGet:
            path: {last}
            port: {port}
"""
TIMES = dict.fromkeys(HOLES, "1") | {
    "text": "12:30",
    "more": "y!",
    "last": "1:30:30",
    "mode": "0o644",
    "boolean": "No",
    "port": "8e1",
    "quantity": "1e1",
    "base64": "Zm9v",
}


@settings(
    max_examples=CASES, database=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(scalars=st.fixed_dictionaries(HOLES))
@example(scalars=TIMES)
@example(scalars=TIMES | {"text": "1e3"})
@example(scalars=TIMES | {"more": "~"})
def test_installing_and_mending_make_the_same(session, tmp_path, scalars):
    manifest = MANIFEST.format(name=f"n{next(NUMBERS)}", **scalars)
    live = install(session, tmp_path, manifest)
    if live is None:
        assert refused(session, manifest)
        return
    before = objects(session, live.manifest.objects)
    assert [finding.change.text for finding in drift_of(session, live)] == []
    for path, obj in before.items():
        session.kube.request("PUT", path, body=changed(obj))
    findings = drift_of(session, live)
    assert {finding.path for finding in findings} == set(before)
    drift.mend(session.kube, findings)
    assert essence(objects(session, live.manifest.objects)) == essence(before)


def drift_of(session, live):
    return drift.find(session.kube, session.namespace, live.manifest.objects)


def install(session, folder, manifest):
    """The release; None when helm, or the server for it, refuses the manifest."""
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: demo\nversion: 0.1.0\n")
    (folder / "templates/all.yaml").write_text(manifest)
    what = Installation(release=f"r{next(NUMBERS)}", chart=folder, values={})
    try:
        return asyncio.run(session.helm.upgrade(what, seconds=30))
    except LearnflowError:
        return None


def refused(session, manifest):
    """Whether our reader or the server, for a server-side apply, refuses the manifest."""
    try:
        read = Manifest(text=manifest).objects
        locate = drift.locator(session.kube, session.namespace, read)
        for obj in read:
            query = {"fieldManager": "test", "force": "true", "dryRun": "All"}
            apply = {"query": query, "content_type": "application/apply-patch+yaml"}
            session.kube.request("PATCH", locate(obj), body=obj, patience=0, **apply)
    except LearnflowError:
        return True
    return False


def objects(session, desired):
    """The live objects of a manifest by their path."""
    paths = [*map(drift.locator(session.kube, session.namespace, desired), desired)]
    with ThreadPoolExecutor(3) as pool:
        return dict(zip(paths, pool.map(session.kube.find, paths), strict=True))


def changed(live):
    """The object after a foreign change of fields that the manifest sets."""
    obj = copy.deepcopy(live)
    for part in ("data", "stringData"):
        obj |= {part: dict.fromkeys(obj[part], "Zm9yZWlnbg==")} if part in obj else {}
    if obj["kind"] == "Deployment":
        obj["spec"] |= {"replicas": 77, "minReadySeconds": 77}
        pod = obj["spec"]["template"]["spec"]
        pod["securityContext"] = {}
        pod["volumes"][0]["configMap"]["defaultMode"] = 0o600
        (container,) = pod["containers"]
        container["args"] = ["foreign"]
        container["env"] = [{"name": "A", "value": "foreign"}]
        container["resources"] = {"requests": {"cpu": "77"}}
        container["readinessProbe"]["httpGet"]["port"] = 77
    return obj


def essence(live):
    """The objects without the server's own fields; Helm's marks are on both sides."""
    return {path: drift._essence(obj) for path, obj in live.items()}
