"""Objects from the short fields of a row of a table.

A pod: `image`, `waiting` (a reason, or its fields), `running` (since when, or true), `ended` and
`last` (fields of `terminated`), `exit` (the exit code of `last`), `restarts`, `ready`, `limits`,
`unscheduled` (the scheduler's message) and `gated`, `phase`, `reason`, `message`, `labels`,
`deleted` (a time), `owner` (`Kind/name`; "" for none), `conditions`, `spec`, `nodeName`; or
`containers`, a list of such fields, of which some have `init: true`.
"""

_SET = "StatefulSet/p"


def pod(name, fields):
    """A pod that is not ready, unless `ready` or `conditions` say so."""
    entries = [(_spec(part), _status(part), part.get("init")) for part in _parts(fields)]
    spec, status = {}, {"phase": fields.get("phase", "Pending"), "conditions": _conditions(fields)}
    for key, init in (("initContainers", True), ("containers", None)):
        chosen = [entry for entry in entries if entry[2] is init]
        if chosen or not init:
            spec[key] = [entry[0] for entry in chosen]
            started = [entry[1] for entry in chosen if "state" in entry[1]]
            status |= {key.removesuffix("s") + "Statuses": started} if started else {}
    status |= {key: fields[key] for key in ("reason", "message") if key in fields}
    spec |= fields.get("spec", {}) | (
        {"nodeName": fields["nodeName"]} if "nodeName" in fields else {}
    )
    metadata = {"name": fields.get("name", name), "uid": fields.get("name", name)}
    if fields.get("owner", _SET):
        metadata["ownerReferences"] = [_owner(fields.get("owner", _SET))]
    metadata |= {"labels": fields["labels"]} if "labels" in fields else {}
    metadata |= {"deletionTimestamp": fields["deleted"]} if "deleted" in fields else {}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def obj(fields):
    """An object, with its name as uid where it has none."""
    return {**fields, "metadata": {"uid": fields["metadata"]["name"], **fields["metadata"]}}


def event(fields, about="Pod/p-0"):
    """An event; `about` is `Kind/name`."""
    if "involvedObject" in fields:
        return fields
    kind, _, name = fields.get("about", about).partition("/")
    return {**fields, "involvedObject": {"kind": kind, "name": name}}


def _owner(reference):
    kind, _, name = reference.partition("/")
    return {"kind": kind, "name": name, "uid": name}


def _parts(fields):
    return fields.get("containers") or [{key: v for key, v in fields.items() if key != "name"}]


def _spec(part):
    entry = {"name": part.get("name", "c"), "image": part.get("image", "x")}
    limits = {"resources": {"limits": part["limits"]}} if "limits" in part else {}
    return entry | limits | part.get("container", {})


def _status(part):
    restarts = part.get("restarts", 0)
    item = {
        "name": part.get("name", "c"),
        "image": part.get("image", "x"),
        "restartCount": restarts,
    }
    item["ready"] = part.get("ready", False)
    waiting, running = part.get("waiting"), part.get("running")
    if waiting:
        item["state"] = {"waiting": {"reason": waiting} if isinstance(waiting, str) else waiting}
    elif running:
        item["state"] = {"running": {} if running is True else {"startedAt": running}}
    elif "ended" in part:
        item["state"] = {"terminated": part["ended"]}
    last = part.get("last") or (
        {"exitCode": part["exit"], "reason": "Error"} if "exit" in part else None
    )
    return item | ({"lastState": {"terminated": last}} if last else {})


def _conditions(fields):
    ready = fields.get("ready", False) and "containers" not in fields
    own = fields.get("conditions", [])
    conditions = [{"type": "Ready", "status": str(bool(ready))}, *own]
    if any(item["type"] == "Ready" for item in own):
        conditions = own
    if "unscheduled" in fields:
        reason = "SchedulingGated" if fields.get("gated") else "Unschedulable"
        why = {"reason": reason, "message": fields["unscheduled"]}
        conditions = [*conditions, {"type": "PodScheduled", "status": "False", **why}]
    return conditions
