"""What helm's record cannot tell: objects that were taken away, and Jobs that gave up.

`helm upgrade` makes both again, but only when it is run; a release whose record is as
asked would else stay broken for ever.
"""

from concurrent.futures import ThreadPoolExecutor

import yaml

from learnflow_infra.clients.kube import Kube
from learnflow_infra.models import Document
from learnflow_infra.readiness.status import compute


def needed(kube: Kube, namespace: str, manifest: str) -> bool:
    """Whether an object of a release is gone; Jobs of it that failed are deleted, so gone too."""
    objects = [obj for obj in yaml.safe_load_all(manifest) if obj]
    resources = {
        version: _resources(kube, version) for version in {o["apiVersion"] for o in objects}
    }
    with ThreadPoolExecutor(4) as pool:
        paths = [_path(resources[obj["apiVersion"]], namespace, obj) for obj in objects]
        return any(list(pool.map(lambda path: _gone(kube, path), paths)))


def _gone(kube: Kube, path: str) -> bool:
    found = kube.find(path)
    if found is None:
        return True
    if found["kind"] == "Job" and compute(found).state == "Failed":
        kube.delete(path, uid=found["metadata"]["uid"])
        return True
    return False


def _resources(kube: Kube, version: str) -> dict[str, Document]:
    """The API's own table of a group and version, by kind (without subresources)."""
    base = f"/api/{version}" if "/" not in version else f"/apis/{version}"
    listed = kube.request("GET", base)["resources"]
    return {item["kind"]: {**item, "base": base} for item in listed if "/" not in item["name"]}


def _path(kinds: dict[str, Document], namespace: str, obj: Document) -> str:
    kind, meta = kinds[obj["kind"]], obj["metadata"]
    scope = f"/namespaces/{meta.get('namespace', namespace)}" if kind["namespaced"] else ""
    return f"{kind['base']}{scope}/{kind['name']}/{meta['name']}"
