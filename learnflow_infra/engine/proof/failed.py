"""Write down a release that failed, before anything is done about it."""

import json
from collections.abc import Mapping, Sequence

from learnflow_infra import paths
from learnflow_infra.clients.helm_output import Live
from learnflow_infra.documents import dump_all
from learnflow_infra.engine.request.session import Session
from learnflow_infra.errors import LearnflowError
from learnflow_infra.masking import masked, masked_secrets
from learnflow_infra.models import Release
from learnflow_infra.objects import Object
from learnflow_infra.outputs import artifacts
from learnflow_infra.readiness.expected import expected
from learnflow_infra.readiness.logs import Logs
from learnflow_infra.readiness.owned import Snapshot
from learnflow_infra.readiness.view import View
from learnflow_infra.remedy import Remedy
from learnflow_infra.timestamps import utc_now


def write_down(session: Session, release: Release, live: Live, error: LearnflowError) -> str:
    """Write the error, its causes, the objects that are not ready, and their logs to a file.

    Where all are ready, because a verification failed, the pods are written.

    Returns:
        The file's path.
    """
    view = View(session.kube, session.watches, session.namespace, release)
    view.follow(expected(live.manifest.objects))
    snapshot = view.snapshot()
    logs = Logs(session.kube, session.namespace).read(snapshot, again=True)
    documents = [_account(release, live, error, logs), *_broken(snapshot)]
    return str(artifacts.write_failed(paths.phase_dir(), release.name, dump_all(documents)))


def _account(
    release: Release,
    live: Live,
    error: LearnflowError,
    logs: Mapping[tuple[str, str], Sequence[str]],
) -> Object:
    document = {
        "release": release.name,
        "revision": live.revision,
        "status": live.status,
        "at": utc_now(),
        "error": error.what,
        "why": str(error.why),
        "causes": [
            {**item, "remedy": str(Remedy.from_document(item.get("remedy", "")))}
            for item in error.causes
        ],
        "logs": {"/".join(key): list(map(masked, lines)) for key, lines in logs.items()},
    }
    plain: Object = json.loads(json.dumps(document))
    return plain


def _broken(snapshot: Snapshot) -> list[Object]:
    objects = [obj for obj, status in snapshot.states if not status.ready]
    objects = objects or [obj for obj in snapshot.objects if obj["kind"] == "Pod"]
    return [masked_secrets(_plain(obj))[0] or obj for obj in objects]


def _plain(obj: Object) -> Object:
    metadata = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    return {**obj, "metadata": metadata}  # type: ignore[typeddict-item]
