import pytest

from learnflow_infra.sources import crd_upgrade


def crd(versions="", stored=(), **metadata):
    """A CRD whose versions are listed; `-v1` is not served."""
    made = [
        {"name": name.lstrip("-"), "served": not name.startswith("-")} for name in versions.split()
    ]
    return {
        "metadata": {"name": "x", **metadata},
        "spec": {"versions": made},
        "status": {"storedVersions": list(stored)},
    }


@pytest.mark.parametrize(
    ("live", "stored", "wanted", "lost"),
    [
        ("v1", ["v1"], "v1", []),
        ("v1", ["v1"], "v1 v2", []),
        ("v1beta2 v1", ["v1"], "v1", ["v1beta2"]),
        ("v1beta2 v1", ["v1", "v1beta2"], "-v1beta2 v1", ["v1beta2"]),
        ("-v1beta2 v1", ["v1", "v1beta2"], "-v1beta2 v1", []),
        ("-v1beta2 v1", ["v1", "v1beta2"], "v1", ["v1beta2"]),
        ("-v1beta2 v1", ["v1"], "v1", []),
        ("v1", [], "v2", ["v1"]),
    ],
)
def test_versions_that_would_be_lost(live, stored, wanted, lost):
    assert crd_upgrade.lost_versions(crd(live, stored), crd(wanted)) == lost


def test_a_crd_without_a_status_yet():
    live = {**crd("v1"), "status": {"conditions": None, "storedVersions": None}}
    assert crd_upgrade.lost_versions(live, crd("v1")) == []
    assert not crd_upgrade.established(live)
    assert "no reason" in crd_upgrade.why_not_established(live)


@pytest.mark.parametrize(
    ("before", "now", "newer"),
    [
        ("1.2.0", "1.2.0", ""),
        ("1.2.0", "1.10.0", ""),
        ("1.10.0", "1.2.0", "1.10.0"),
        ("1.2.0", "1.2.0-rc1", "1.2.0"),
        ("1.2.0-rc.2", "1.2.0-rc.10", ""),
        ("1.2.0-beta", "1.2.0-5", "1.2.0-beta"),
        ("v2.0.0+build", "2.0.0", ""),
    ],
)
def test_a_newer_chart_of_the_same_name(before, now, newer):
    live = crd_upgrade.marked(crd("v1", annotations=None), "strimzi", before)
    assert crd_upgrade.applied_by_newer(live, "strimzi", now) == newer
    assert crd_upgrade.applied_by_newer(live, "other", now) == ""


def test_a_crd_without_the_annotation_is_not_newer():
    assert crd_upgrade.applied_by_newer(crd("v1"), "strimzi", "1.0.0") == ""


def test_only_spec_labels_and_annotations_are_compared():
    live = crd("v1", labels={"a": "b"}, resourceVersion="1", managedFields=[])
    assert not crd_upgrade.differs(live, crd("v1", labels={"a": "b"}, resourceVersion="1"))
    assert crd_upgrade.differs(live, crd("v1 v2", labels={"a": "b"}))
    assert crd_upgrade.differs(live, crd("v1", labels={"a": "c"}))
    assert crd_upgrade.differs(live, crd("v1", labels={"a": "b"}, annotations={"x": "y"}))


def test_the_same_beyond_doubt_is_no_more_than_known_defaults():
    wanted = crd("v1", labels={"a": "b"})
    wanted["spec"]["names"] = {"kind": "Thing", "plural": "things"}
    names = {"kind": "Thing", "plural": "things", "singular": "thing", "listKind": "ThingList"}
    live = {
        "metadata": {"labels": {"a": "b", "more": "c"}, "annotations": {"x": "y"}},
        "spec": {**wanted["spec"], "names": names, "conversion": {"strategy": "None"}},
    }
    assert crd_upgrade.same(live, wanted)
    assert not crd_upgrade.same({**live, "metadata": {}}, wanted)
    assert not crd_upgrade.same({**live, "spec": {**live["spec"], "more": 1}}, wanted)
    other = {**names, "shortNames": ["t"]}
    assert not crd_upgrade.same({**live, "spec": {**live["spec"], "names": other}}, wanted)
