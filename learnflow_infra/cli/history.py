"""`learnflow-infra history`."""

from typing import TYPE_CHECKING

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, out_document, run
from learnflow_infra.timestamps import utc

if TYPE_CHECKING:
    from learnflow_infra.engine.verbs.history import Entry, ReleaseHistory


def history(
    skills: opts.Skills = None,
    profile: opts.ProfileName = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
    output: opts.OutputOption = opts.Output.text,
) -> None:
    """Show the revisions of releases: what made each, and whether it was verified."""
    from learnflow_infra.engine.verbs import history as verb

    options = opts.options(skills=skills, context=context, namespace=namespace, profile=profile)
    releases = run(lambda emit: verb.history(options, emit))
    if output is opts.Output.json:
        out_document("History", releases=list(map(_release, releases)))
        return
    for item in releases:
        out(item.release if item.entries else f"{item.release}: not installed")
        for entry in item.entries:
            out("  " + _line(entry))


def _line(entry: "Entry") -> str:
    revision = entry.revision
    proof = _proof(entry)
    return (
        f"{revision.revision:<4} {utc(revision.updated)}  {revision.status:12} "
        f"{revision.chart:24} {proof:12}  {revision.description}"
    )


def _proof(entry: "Entry") -> str:
    if entry.ready is None:
        return "-"
    return "verified" if entry.ready.verified else "not verified"


def _release(item: "ReleaseHistory") -> dict[str, object]:
    return {"release": item.release, "revisions": list(map(_document, item.entries))}


def _document(entry: "Entry") -> dict[str, object]:
    revision, ready = entry.revision, entry.ready
    return {
        "revision": revision.revision,
        "updated": utc(revision.updated),
        "status": revision.status,
        "chart": revision.chart,
        "appVersion": revision.app_version,
        "description": revision.description,
        "ready": ready is not None,
        "verified": ready.at if ready and ready.verified else None,
    }
