"""Which objects an object depends on: its owners, its node, and its claims."""

from learnflow_infra.fields import at
from learnflow_infra.objects import Object, Reference, refer, reference
from learnflow_infra.readiness.causes.facts import Facts
from learnflow_infra.readiness.states import claim_names, owner_uids


class Relations:
    """The relations between the objects of a search for causes."""

    def __init__(self, facts: Facts) -> None:
        objects = [obj for obj, _ in facts.evidence.states]
        self._objects = {reference(obj): obj for obj in objects}
        self._by_uid = {obj["metadata"].get("uid"): obj for obj in objects}

    def owners(self, name: Reference) -> set[Reference]:
        """The object, its owners, and theirs."""
        found: dict[Reference, Object | None] = {name: self._objects.get(name)}
        added = [obj for obj in found.values() if obj]
        while added:
            uids = {uid for obj in added for uid in owner_uids(obj)}
            above = {reference(o): o for uid in uids if (o := self._by_uid.get(uid))}
            added = [obj for ref, obj in above.items() if ref not in found]
            found |= above
        return set(found)

    def needs(self, name: Reference) -> set[Reference]:
        """What a pod cannot run without: its node, and the claims that it mounts."""
        pod = self._objects.get(name)
        if pod is None or pod["kind"] != "Pod":
            return {name}
        node = at(pod, "spec", "nodeName")
        claims = {refer("PersistentVolumeClaim", claim) for claim in claim_names(pod)}
        return {name, *claims, *([refer("Node", node)] if node else [])}
