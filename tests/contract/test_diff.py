"""A dry run against a real API server: it refuses what a deploy refuses, and changes nothing."""

from dataclasses import replace

import pytest
import yaml

from learnflow_infra.engine.verbs import deploy, diff
from learnflow_infra.errors import FoundationError, InputError, LearnflowError, LockedError
from learnflow_infra.events import ignore
from learnflow_infra.values import Flags
from tests.contract.demo import leave_unfinished
from tests.contract.demo_skill import (
    PORT,
    SKILL,
    checkout,
    foundation,
    options,
    skill,
    user,
)

__all__ = ["checkout", "foundation", "options", "skill", "user"]

pytestmark = pytest.mark.contract
LARGE = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: large}
spec:
  selector: {matchLabels: {app: large}}
  template:
    metadata: {labels: {app: large}}
    spec: {containers: [{name: main, image: a, resources: {requests: {cpu: 100}}}]}
"""


def refusal(verb, options):
    with pytest.raises(LearnflowError) as error:
        verb(options, ignore)
    return type(error.value), error.value.exit_code, error.value.what, str(error.value.why)


def test_a_dry_run_names_namespace_and_secrets_and_creates_none(options, kube, skill):
    credential = {"secret": "generated", "keys": ["password"], "volumes": {"app": "demo"}}
    (skill / "skill.yaml").write_text(yaml.safe_dump({**SKILL, "credentials": [credential]}))
    absent = replace(options, namespace="diff-absent")
    found = diff.diff(absent, ignore)
    assert (found.namespace, list(found.secrets)) == ("diff-absent", ["generated"])
    assert kube.find("/api/v1/namespaces/diff-absent") is None
    assert [change.object for change in found.releases[0].changes] == [
        "ConfigMap/demo",
        "Service/demo",
    ]


def test_after_a_deploy_a_dry_run_shows_nothing(options):
    deploy.deploy(options, ignore)
    found = diff.diff(options, ignore)
    assert (found.changed, found.namespace, list(found.secrets)) == (False, "", [])


def take_the_port(options, kube, skill):
    spec = {"type": "NodePort", "ports": [{"port": 1, "nodePort": PORT}]}
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "taker"}, "spec": spec}
    kube.create("/api/v1/namespaces/default/services", body)


def misspell_a_key(options, kube, skill):
    path = skill / "charts/demo/templates/all.yaml"
    path.write_text(path.read_text().replace("data: {greeting:", "data: {'no key!':"))


def ask_for_too_much(options, kube, skill):
    (skill / "charts/demo/templates/pods.yaml").write_text(LARGE)


@pytest.mark.parametrize(
    ("prepare", "kind"),
    [
        (take_the_port, FoundationError),
        (misspell_a_key, InputError),
        (ask_for_too_much, FoundationError),
    ],
)
def test_a_dry_run_refuses_what_a_deploy_refuses(options, kube, skill, prepare, kind):
    prepare(options, kube, skill)
    try:
        dry = refusal(diff.diff, options)
        assert dry == refusal(deploy.deploy, options)
        assert dry[0] is kind
    finally:
        kube.delete("/api/v1/namespaces/default/services/taker")


def test_a_release_that_another_helm_works_on_is_refused(options, session):
    deploy.deploy(options, ignore)
    leave_unfinished(session)
    for verb in (diff.diff, deploy.deploy):
        assert refusal(verb, options)[0] is LockedError


NEVER_THE_SAME = """
{{- $kept := lookup "v1" "Secret" .Release.Namespace "kept" }}
apiVersion: v1
kind: Secret
metadata: {name: kept}
data:
  found: {{ ($kept | default dict).data | default dict | dig "found" (randAlphaNum 9 | b64enc) }}
  rotating: {{ randAlphaNum 9 | b64enc }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: at
  annotations: {revision: "{{ .Release.Revision }}", time: {{ now | unixEpoch | quote }}}
data: {size: {{ .Values.greeting }}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: "random-{{ randAlphaNum 6 | lower }}"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: "revision-{{ .Release.Revision }}"}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: "hook-{{ randAlphaNum 6 | lower }}"
  annotations: {helm.sh/hook: "pre-install,pre-upgrade"}
"""


@pytest.mark.full
def test_what_is_never_the_same_twice_is_shown_as_that(options, kube, skill):
    (skill / "charts/demo/templates/never.yaml").write_text(NEVER_THE_SAME)
    deploy.deploy(options, ignore)
    secret = kube.get(f"/api/v1/namespaces/{options.namespace}/secrets/kept")
    found = diff.diff(options, ignore)
    assert not found.changed
    made = {change.object.partition("-")[0]: change for change in found.releases[0].changes}
    maps = {f"ConfigMap/{name}" for name in ("at", "random", "revision", "hook")}
    assert set(made) == {"Secret/kept", *maps}
    assert {change.kind for change in made.values()} == {"generated"}
    assert made["Secret/kept"].text == "data.rotating: generated at each rendering"
    assert not deploy.deploy(options, ignore).changed
    assert kube.get(f"/api/v1/namespaces/{options.namespace}/secrets/kept") == secret
    changed = replace(options, flags=Flags(set_values=("demo.greeting=bye",)))
    (release,) = diff.diff(changed, ignore).releases
    kinds = {change.object: change.kind for change in reversed(release.changes)}
    assert (kinds["ConfigMap/at"], kinds["Secret/kept"]) == ("changed", "generated")
    assert deploy.deploy(changed, ignore).changed
    assert not deploy.deploy(changed, ignore).changed
    after = kube.get(f"/api/v1/namespaces/{options.namespace}/secrets/kept")["data"]
    assert after["found"] == secret["data"]["found"]
