"""`learnflow-infra values`."""

from typing import TYPE_CHECKING, Annotated

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import err, exit_on_error, out, out_document, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from learnflow_infra.engine.request.prepare import Prepared


def values(
    skills: opts.Skills = None,
    explain: Annotated[
        str | None,
        typer.Option(
            "--explain",
            metavar="KEY",
            help="Show each layer that sets this key.",
        ),
    ] = None,
    files: opts.Files = None,
    set_values: opts.SetValues = None,
    set_strings: opts.SetStrings = None,
    set_json: opts.SetJson = None,
    set_files: opts.SetFiles = None,
    mirrors: opts.Mirrors = None,
    reuse_values: opts.ReuseValues = False,
    keep_foreign: opts.KeepForeign = False,
    profile: opts.ProfileOfCluster = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
    output: opts.OutputOption = opts.Output.text,
) -> None:
    """Print the computed values, secrets masked, or explain one of them (--explain)."""
    from learnflow_infra.engine.verbs import values as verb

    options = opts.options(
        skills=skills,
        flags=opts.flags(files, set_values, set_strings, set_json, set_files),
        mirrors=mirrors,
        reuse_values=reuse_values,
        keep_foreign=keep_foreign,
        profile=profile,
        context=context,
        namespace=namespace,
    )
    prepared = run(lambda emit: verb.values(options, emit))
    if explain is None:
        _print(prepared, output)
    else:
        with exit_on_error():
            _explain(prepared, explain, output)


def _print(prepared: "Sequence[Prepared]", output: opts.Output) -> None:
    from learnflow_infra.documents import dump
    from learnflow_infra.masking import masked_values

    releases = {str(item.release.name): masked_values(item.computed.effective) for item in prepared}
    if output is opts.Output.json:
        out_document("Values", releases=releases)
    else:
        out(dump(releases).rstrip("\n"))


def _explain(prepared: "Sequence[Prepared]", key: str, output: opts.Output) -> None:
    from learnflow_infra.values import explain

    explanations = explain.explain([item.computed for item in prepared], key)
    if output is opts.Output.json:
        out_document("Explanation", keys=explain.document(explanations))
        return
    for item in explanations:
        out(explain.text(item))
    if len(explanations) > 1:
        err(f"{len(explanations)} keys. Lowest layer first; = is in force, - deletes.")
