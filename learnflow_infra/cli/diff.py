"""`learnflow-infra diff`, and the text of a plan."""

from typing import TYPE_CHECKING

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, out_document, run
from learnflow_infra.errors import EXIT_CHANGES

if TYPE_CHECKING:
    from learnflow_infra.engine.verbs.diff import Diff, Planned


def diff(
    skills: opts.Skills = None,
    files: opts.Files = None,
    set_values: opts.SetValues = None,
    set_strings: opts.SetStrings = None,
    set_json: opts.SetJson = None,
    set_files: opts.SetFiles = None,
    mirrors: opts.Mirrors = None,
    reuse_values: opts.ReuseValues = False,
    keep_foreign: opts.KeepForeign = False,
    allow_recreate: opts.AllowRecreate = False,
    force_conflicts: opts.ForceConflicts = False,
    profile: opts.ProfileName = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
    adopt: opts.Adopt = False,
    detailed_exitcode: opts.DetailedExitcode = False,
    output: opts.OutputOption = opts.Output.text,
) -> None:
    """Show the changes that deploy would make, and refuse what deploy would refuse."""
    from learnflow_infra.engine.verbs import diff as verb

    options = opts.options(
        skills=skills,
        flags=opts.flags(files, set_values, set_strings, set_json, set_files),
        mirrors=mirrors,
        reuse_values=reuse_values,
        keep_foreign=keep_foreign,
        allow_recreate=allow_recreate,
        force_conflicts=force_conflicts,
        profile=profile,
        context=context,
        namespace=namespace,
        adopt=adopt,
    )
    planned = run(lambda emit: verb.diff(options, emit))
    show_plan(planned, output, detailed_exitcode=detailed_exitcode)


def show_plan(planned: "Diff", output: opts.Output, *, detailed_exitcode: bool) -> None:
    """Print a plan as text or JSON.

    Raises:
        typer.Exit: with `CHANGES`, if there are any and a detailed exit code is asked for.
    """
    _print_plan(planned, output)
    if detailed_exitcode and planned.changed:
        raise typer.Exit(EXIT_CHANGES)


def _print_plan(planned: "Diff", output: opts.Output) -> None:
    if output is opts.Output.json:
        out_document(
            "Diff",
            changed=planned.changed,
            namespace=planned.namespace,
            secrets=list(planned.secrets),
            releases=list(map(_release, planned.releases)),
        )
        return
    if planned.namespace:
        out(f"added Namespace/{planned.namespace}")
    for name in planned.secrets:
        out(f"added Secret/{name}, with generated passwords")
    for item in planned.releases:
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
