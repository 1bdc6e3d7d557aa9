"""Whose claims get the mark of this program."""

from types import SimpleNamespace

from learnflow_infra.engine.release.claim_marks import ClaimMarker
from learnflow_infra.models import Release

STATEFUL_SET = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "db"},
    "spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}]},
}


def claim(name):
    metadata = {"name": name, "namespace": "n", "uid": name, "labels": {"app": "db"}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}


def test_a_claim_of_a_stateful_set_is_marked_without_the_label_of_its_release():
    marked = []
    kube = SimpleNamespace(merge=lambda path, _: marked.append(path))
    session = SimpleNamespace(kube=kube, namespace="n")
    marker = ClaimMarker(session, Release(name="r", skill="s", profiles={}), {})
    for _ in range(2):
        marker.mark_used([STATEFUL_SET], [], [claim("data-db-0"), claim("data-other-0")])
    assert marked == ["/api/v1/namespaces/n/persistentvolumeclaims/data-db-0"]
