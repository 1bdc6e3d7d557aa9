"""Refuse to touch what others made, or make it this program's after a confirmation."""

from collections.abc import Sequence
from typing import Any

from learnflow_infra.clients.kube import HELM, Kube
from learnflow_infra.documents.merging import merge
from learnflow_infra.engine.release import changes, drift, managers
from learnflow_infra.engine.release.comparison import Comparison
from learnflow_infra.engine.release.foreign import Foreign
from learnflow_infra.engine.release.uninstall import POLICY, is_kept
from learnflow_infra.engine.request.confirmation import Question
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import RefusedError
from learnflow_infra.events import step
from learnflow_infra.objects import Fields, Object, reference
from learnflow_infra.remedy import Command, Remedy


def refusal(found: Sequence[Foreign]) -> RefusedError:
    """The error for what this program did not make: at least one object."""
    first, *others = found
    who = f"{first.name} and {len(others)} more were" if others else f"{first.name} was"
    skills = dict.fromkeys(item.skill for item in found)
    return RefusedError(
        f"{who} not made by this program.",
        why="\n".join(map(str, found)),
        remedy=Remedy(
            "See what would change: ",
            Command("diff", *skills, "--adopt"),
            "\nMake it this program's own: ",
            Command("deploy", *skills, "--adopt"),
        ),
    )


def require_claims_kept(session: Session, item: Comparison) -> None:
    """Refuse to adopt a release of which helm's upgrade would delete volume claims.

    Helm keeps a live object with the policy `keep`, whatever the manifest in its record says.
    Source: Client.Update of helm's pkg/kube.

    Raises:
        RefusedError: naming the claims.
    """
    desired = {changes.key(obj) for obj in item.desired.manifest.objects}
    objects = item.live.manifest.objects if item.live else ()
    dropped = [
        obj
        for obj in objects
        if obj["kind"] == "PersistentVolumeClaim" and changes.key(obj) not in desired
    ]
    locate = drift.locator(session.kube, session.namespace, dropped)
    live = filter(None, (session.kube.find(locate(obj)) for obj in dropped))
    lost = [reference(obj) for obj in live if not is_kept(obj)]
    if lost:
        raise RefusedError(
            f"{item.prepared.release.name}: {', '.join(lost)} would be deleted with its data.",
            why="The release has it, the chart to which it would change has not, and helm "
            "deletes what a chart no longer has.",
            remedy=f"Keep it: kubectl -n {session.namespace} annotate {' '.join(lost)} "
            f"{POLICY}=keep",
        )


def question(found: Sequence[Foreign]) -> Question:
    """What is asked before anything is adopted: who made it, and what will change."""
    names = dict.fromkeys(item.release for item in found)
    return Question(
        what=f"Adopt what others made for {', '.join(names)}",
        name=",".join(names),
        losses=[
            line
            for item in found
            for line in (str(item), *(f"  {text}" for text in item.change.splitlines()))
        ],
    )


def adopt(session: Session, found: Sequence[Foreign]) -> None:
    """Mark what others made as this program's, so that helm and later runs take it.

    Raises:
        ApiError: the server refuses a mark.
    """
    with step(session.emit, "adopt", "Adopt what others made") as running:
        running.change("marking")
        for item in found:
            _take(session.kube, item)
        running.done(", ".join(item.name for item in found))


def _take(kube: Kube, item: Foreign) -> None:
    metadata = dict(item.mark)
    if item.desired is not None:
        metadata["managedFields"] = _as_own(kube.get(item.path), item.desired["apiVersion"])
    kube.merge(item.path, {"metadata": metadata})
    if item.desired is not None:
        kube.apply(item.path, managers.as_helm(item.desired, item.mark), manager=HELM)


def _as_own(live: Object, version: str) -> list[Any]:
    """The managed fields of an object, as if helm had applied what others set.

    Helm's next apply then removes what it does not have, as in client-go's csaupgrade.
    """
    metadata: Fields = live["metadata"]
    others, fields = [], dict[str, Any]()
    for entry in metadata.get("managedFields") or ():
        if "subresource" in entry:
            others.append(entry)
        else:
            fields = merge(fields, entry["fieldsV1"])
    own = {
        "manager": HELM,
        "operation": "Apply",
        "apiVersion": version,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return [own, *others]
