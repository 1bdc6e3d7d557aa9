"""`learnflow-infra values`."""

from typing import TYPE_CHECKING, Annotated

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import errors_told, out, out_json, run, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from learnflow_infra.engine.prepare import Prepared


def values(
    skills: opts.Skills = None,
    explain: Annotated[
        str | None,
        typer.Option("--explain", metavar="KEY", help="Tell where a key's value comes from."),
    ] = None,
    files: opts.Files = None,
    set_json: opts.SetJson = None,
    set_values: opts.SetValues = None,
    set_string: opts.SetString = None,
    set_file: opts.SetFile = None,
    mirrors: opts.Mirrors = None,
    profile: opts.ProfileName = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
    output: opts.OutputOption = opts.Output.text,
) -> None:
    """Print the values that the charts see, secrets hidden, or explain one of them."""
    from learnflow_infra.engine import prepare

    given = opts.options(
        skills=skills,
        files=files,
        set_json=set_json,
        set_values=set_values,
        set_string=set_string,
        set_file=set_file,
        mirrors=mirrors,
        profile=profile,
        context=context,
        namespace=namespace,
    )
    prepared = run(lambda emit: prepare.values(given, emit))
    if explain is None:
        _print(prepared, output)
    else:
        with errors_told():
            _explain(prepared, explain, output)


def _print(prepared: "Sequence[Prepared]", output: opts.Output) -> None:
    from learnflow_infra.values import dump, masked

    found = {item.release.name: masked(item.computed.seen) for item in prepared}
    if output is opts.Output.json:
        out_json({"apiVersion": "learnflow.infra/v1", "kind": "Values", "releases": found})
    else:
        out(dump({str(name): item for name, item in found.items()}).rstrip("\n"))


def _explain(prepared: "Sequence[Prepared]", key: str, output: opts.Output) -> None:
    from learnflow_infra.values import explain

    found = explain.explain([item.computed for item in prepared], key)
    if output is opts.Output.json:
        keys = explain.document(found)
        out_json({"apiVersion": "learnflow.infra/v1", "kind": "Explanation", "keys": keys})
        return
    for item in found:
        out(explain.text(item))
    if len(found) > 1:
        say(f"{len(found)} keys. Lowest layer first; = is in force, - deletes.")
