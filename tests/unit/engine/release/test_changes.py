import base64

import yaml

from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.engine.release import changes
from learnflow_infra.engine.release.changes import Change


def config_map(name="a", **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def secret(**data):
    coded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": coded}


def keyed(*objects):
    return {changes.key(obj): obj for obj in objects}


def test_objects_of_a_manifest():
    text = "---\n# Source: x\n---\n" + yaml.safe_dump(config_map()) + "---\n"
    assert changes.by_key(Manifest(text=text).objects) == {("", "ConfigMap", "", "a"): config_map()}


def test_a_new_version_of_an_api_is_the_same_object():
    old = {"apiVersion": "apps/v1beta1", "kind": "D", "metadata": {"name": "a"}}
    assert changes.key(old) == changes.key({**old, "apiVersion": "apps/v1"})


def test_added_changed_and_removed():
    old = keyed(config_map("a", x="1"), config_map("b"))
    new = keyed(config_map("a", x="2"), config_map("c"))
    found = changes.diff(old, new)
    assert [(c.object, c.kind) for c in found] == [
        ("ConfigMap/a", "changed"),
        ("ConfigMap/c", "added"),
        ("ConfigMap/b", "removed"),
    ]
    assert "-  x: '1'\n+  x: '2'" in found[0].text
    assert changes.diff(old, old) == []


def test_secrets_are_masked_and_their_change_stays_visible():
    old, new = secret(a="first", b="same"), secret(a="second", b="same")
    (change,) = changes.diff(keyed(old), keyed(new))
    assert "-  a: '*** (before)'" in change.text
    assert "+  a: '*** (after)'" in change.text
    assert "b: '***'" in change.text
    for value in (*old["data"].values(), *new["data"].values()):
        assert value not in change.text
    (added,) = changes.diff({}, keyed(new))
    assert new["data"]["a"] not in added.text


def test_a_manifest_for_a_file_has_no_secret():
    plain = "# a comment\n" + yaml.safe_dump(config_map())
    assert changes.redacted(Manifest(text=plain)) == plain
    hidden = changes.redacted(Manifest(text=yaml.safe_dump_all([config_map(), secret(a="first")])))
    assert secret(a="first")["data"]["a"] not in hidden
    assert [obj["kind"] for obj in yaml.safe_load_all(hidden)] == ["ConfigMap", "Secret"]


def test_the_diff_of_drift_shows_its_removal():
    change = changes.change("drifted", config_map(x="by hand"), config_map(x="by release"))
    assert change == Change(object="ConfigMap/a", kind="drifted", text=change.text)
    assert "-  x: by hand\n+  x: by release" in change.text
