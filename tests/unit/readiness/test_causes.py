"""Causes by tables: real broken deployments, and messages of other versions."""

import copy
import json
import random

import pytest
import short_objects
import yaml
from hypothesis import given
from hypothesis import strategies as st
from short_objects import event, pod

from learnflow_infra.masking import masked
from learnflow_infra.models import DeclaredCause, RemovedImages
from learnflow_infra.paths import repo_root
from learnflow_infra.readiness.causes import (
    Cause,
    Code,
    DeclaredCode,
    explain,
    from_checks,
    from_refusal,
    policy,
)
from learnflow_infra.readiness.evidence import Evidence
from learnflow_infra.readiness.status import evaluate

TABLES = repo_root() / "tests/unit/tables/causes"
ROWS = [
    row
    for path in sorted(TABLES.glob("*.yaml"))
    if path.stem != "refusals"
    for row in yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
]


def evidence(row):
    objects = [short_objects.obj(fields) for fields in row.get("objects", ())]
    objects += [pod(f"p-{n}", fields) for n, fields in enumerate(row.get("pods", ()))]
    objects += [pod(f"p-{n}", row["pod"]) for n in range(row.get("replicas", 1)) if "pod" in row]
    return Evidence(
        namespace="n",
        states=evaluate(objects),
        missing=row.get("missing", ()),
        replicas=row.get("replicas_of_manifest", {}),
        events=[event(fields) for fields in row.get("events", ())],
        surroundings=[short_objects.obj(fields) for fields in row.get("around", ())],
        logs={("p-0", "c"): row["logs"]} if "logs" in row else {},
        denied=row.get("denied", ()),
        removed_images=[RemovedImages(**rule) for rule in row.get("removed_images", ())],
    )


def causes(row):
    return explain(evidence(row), [DeclaredCause(**own) for own in row.get("own", ())])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_situation_has_its_causes_in_order(row):
    explained = causes(row)
    codes = [cause.code for cause in explained]
    real = "by hand" not in row["source"] and "objects" in row and len(row["objects"]) > 1
    assert codes[: len(row["want"])] == row["want"], explained
    assert real or codes == row["want"], explained
    assert row.get("contains", "") in " ".join(
        str(line) for cause in explained for line in cause.lines()
    )
    assert all(cause.message and cause.object for cause in explained)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_the_order_of_the_evidence_does_not_matter(row):
    shuffled = copy.deepcopy(row)
    for key in ("objects", "around"):
        random.Random(1).shuffle(  # noqa: S311 - no secret
            shuffled.get(key, [])
        )
    assert {c.code for c in causes(shuffled)} == {c.code for c in causes(row)}
    assert causes(shuffled)[0].code == causes(row)[0].code


REFUSALS = yaml.safe_load((TABLES / "refusals.yaml").read_text())


@pytest.mark.parametrize(("code", "text"), REFUSALS)
def test_a_refusal_is_classified(code, text):
    cause = from_refusal(text)
    assert (cause.code if cause else None) == code
    assert cause is None or cause.object


def test_a_refusal_names_its_object():
    names = {from_refusal(text).object for code, text in REFUSALS if code}
    assert {"StatefulSet/db", "Pod/x", "Job/work", "Service/s"} <= names


def test_a_cause_at_another_replica_has_the_same_owner():
    fields = {"waiting": {"reason": "CrashLoopBackOff"}, "exit": 1, "restarts": 2}
    results = [
        explain(Evidence(namespace="n", states=evaluate([pod(f"p-{n}", fields) for n in some])))
        for some in ((0, 1), (1,), (0,))
    ]
    assert {(cause.code, cause.owner) for (cause,) in results} == {
        ("ContainerCrashed", "StatefulSet/p")
    }


def test_every_code_occurs_in_a_row():
    codes = {code for row in ROWS for code in row["want"]} | {code for code, _ in REFUSALS}
    of_releases = {"ReleaseMissing", "ReleaseNotDeployed"}  # by engine.diagnose
    of_verifications = {"SecretChanged", "ClaimReplaced", "VerificationFailed"}  # by engine.proof
    assert set(Code) - codes == of_releases | of_verifications


BY_AUTOSCALER = [{"reason": "TriggeredScaleUp", "message": "pod triggered scale-up: 1->2"}]
NOT_BY_AUTOSCALER = [*BY_AUTOSCALER, {"reason": "NotTriggerScaleUp", "message": "no group fits"}]
CERTIFICATE = {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "c"}}
LACKS_CPU = {"unscheduled": "0/1 nodes are available: 1 Insufficient cpu."}
LACKS_SECRET = {
    "waiting": {"reason": "CreateContainerConfigError", "message": 'secret "t" not found'}
}


@pytest.mark.parametrize(
    ("fields", "more", "grace"),
    [
        (LACKS_CPU, {}, 0),
        (LACKS_CPU, {"events": BY_AUTOSCALER}, 600),
        (LACKS_CPU, {"events": NOT_BY_AUTOSCALER}, 0),
        (LACKS_SECRET, {}, 0),
        (LACKS_SECRET, {"objects": [CERTIFICATE]}, 180),
    ],
)
def test_what_somebody_is_making_has_more_time(fields, more, grace):
    found = causes({"pod": fields, **more})
    assert next(cause.grace for cause in found if cause.object == "Pod/p-0") == grace


def test_a_failed_check_yields_a_declared_cause():
    own = DeclaredCause(code="PasswordDiffers", message="m", remedy="r", check="28P01")
    (cause,) = from_checks([("connect", "refused (28P01)"), ("x", "other")], [own])
    assert (cause.code, cause.object) == ("PasswordDiffers", "Check/connect")
    assert policy(cause.code, {}, [own]).about == "m"


def test_a_mistyped_code_raises():
    with pytest.raises(TypeError, match="ImageNotFuond"):
        Cause(code="ImageNotFuond", object="Pod/a", message="m")
    with pytest.raises(LookupError, match="KafkaDiskFul "):
        policy(DeclaredCode("KafkaDiskFul"), {}, [])


def test_a_cause_is_rendered_as_text_and_as_json():
    cause = Cause(
        code=DeclaredCode("X"),
        object="Pod/a",
        container="c",
        message="m",
        evidence=("e",),
        remedy="r",
    )
    assert [*map(str, cause.lines())] == ["Cause X: Pod/a container c: m", "  e", "  Remedy: r"]
    assert json.loads(json.dumps(cause.document()))["evidence"] == ["e"]


SECRETS = [
    ("password=hunter2", "hunter2"),
    ('POSTGRES_PASSWORD: "a b c"', "a b c"),
    ('{"password": "hunter2", "user": "x"}', "hunter2"),
    ("postgres://u:hunter2@host/db", "hunter2"),
    ("Authorization: Bearer abcdefghijkl.mnop", "abcdefghijkl"),
    ("api_key = k1234567", "k1234567"),
    ("x eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.sig y", "eyJhbGciOiJIUzI1NiJ9"),
    ("psql --password hunter2 -h db", "hunter2"),
    ("clone https://ghp_abcdefghijklmnopqrstuvwxyz@example.org/x", "ghp_abc"),
    ("postgres://u:p@ss@host/db", "ss@"),
    ("key AKIAABCDEFGHIJKLMNOP used", "AKIAABCD"),
    (r'msg="{\"password\":\"hunter2\"}"', "hunter2"),
    (r'"password":"ab\"hunter2"', "hunter2"),
    ("x github_pat_abcdefghijklmnopqrstuv y", "github_pat_abc"),
    ("AccountName=a;AccountKey=abc123==;x", "abc123"),
    ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "MIIE"),
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_secrets_are_masked(text, secret):
    assert secret not in masked(text)
    assert "***" in masked(text)


@pytest.mark.parametrize(
    "text",
    [
        'secret "db" not found',
        "password authentication failed for user x",
        "the tokens of the group were revoked",
        "dial tcp 10.0.0.1:5432: connect: connection refused",
        "couldn't find key password in Secret n/db",
    ],
)
def test_text_without_secrets_is_not_masked(text):
    assert masked(text) == text


def holes(draw, value, *, item=False):
    """The value with parts removed or null; items of lists keep the fields that identify them."""
    if isinstance(value, dict):
        names = {k: v for k, v in value.items() if item and k in {"name", "type", "kind", "uid"}}
        kept = {k: holes(draw, v) for k, v in value.items() if draw(st.integers(0, 9))}
        return {**kept, **names} if item or draw(st.integers(0, 30)) else None
    if isinstance(value, list):
        return [holes(draw, one, item=True) for one in value if draw(st.integers(0, 9))]
    return value if draw(st.integers(0, 30)) else None


@given(st.data(), st.sampled_from(ROWS))
def test_partial_objects_never_raise(data, row):
    """Names and kinds are kept: the API server has no object without them."""

    def damaged(obj):
        kept = holes(data.draw, obj) or {}
        names = {k: obj["metadata"][k] for k in ("name", "uid") if k in obj["metadata"]}
        metadata = {**(kept.get("metadata") or {}), **names}
        return {**kept, **{k: obj[k] for k in ("apiVersion", "kind")}, "metadata": metadata}

    whole = evidence(row)
    partial = Evidence(
        namespace="n",
        states=evaluate([damaged(obj) for obj, _ in whole.states]),
        events=[holes(data.draw, fields) or {} for fields in whole.events],
        surroundings=[damaged(obj) for obj in whole.surroundings],
    )
    assert {cause.code for cause in explain(partial)} <= set(Code)


def test_the_message_of_a_condition_is_masked():
    condition = {
        "type": "Ready",
        "status": "False",
        "message": "no postgres://admin:hunter2@db/app",
    }
    metadata = {"name": "a", "uid": "a"}
    obj = {"apiVersion": "e.org/v1", "kind": "Db", "metadata": metadata}
    ((_, status),) = evaluate([{**obj, "status": {"conditions": [condition]}}])
    assert "postgres://***@db/app" in status.message
