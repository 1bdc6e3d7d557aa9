"""`learnflow-infra diff`, and the text of a plan."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, out_document, run

if TYPE_CHECKING:
    from learnflow_infra.engine.verbs.diff import Planned

CHANGES = 2
"""Exit code when something would change, as of `helm diff --detailed-exitcode`."""


def diff(
    skills: opts.Skills = None,
    files: opts.Files = None,
    set_values: opts.SetValues = None,
    set_strings: opts.SetStrings = None,
    set_json: opts.SetJson = None,
    set_files: opts.SetFiles = None,
    mirrors: opts.Mirrors = None,
    profile: opts.ProfileName = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
    output: opts.OutputOption = opts.Output.text,
) -> None:
    """Show the changes that deploy would make. Exit code 2 if there are any."""
    from learnflow_infra.engine.verbs import diff as verb

    options = opts.options(
        skills=skills,
        flags=opts.flags(files, set_values, set_strings, set_json, set_files),
        mirrors=mirrors,
        profile=profile,
        context=context,
        namespace=namespace,
    )
    planned = run(lambda emit: verb.diff(options, emit))
    print_plan(planned, output)
    if any(item.changed for item in planned):
        raise typer.Exit(CHANGES)


def print_plan(planned: Sequence["Planned"], output: opts.Output) -> None:
    """Print a plan as text or JSON."""
    if output is opts.Output.json:
        changed = any(item.changed for item in planned)
        out_document("Diff", changed=changed, releases=list(map(_release, planned)))
        return
    for item in planned:
        out(f"{item.release}: {_ACTIONS[item.action]}")
        for name in item.crds:
            out(f"  added CustomResourceDefinition/{name}")
        for change in item.changes:
            out(f"  {change.kind} {change.object}")
            for line in change.text.splitlines():
                out(f"    {line}")


_ACTIONS = {
    "install": "would be installed",
    "upgrade": "would be upgraded",
    "mend": "would be changed back to its manifest",
    "none": "no change",
}


def _release(item: "Planned") -> dict[str, object]:
    return {
        "release": item.release,
        "action": item.action,
        "customResourceDefinitions": list(item.crds),
        "changes": [vars(change) for change in item.changes],
    }
