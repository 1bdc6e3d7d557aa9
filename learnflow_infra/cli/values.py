"""`learnflow-infra values`."""

from typing import TYPE_CHECKING, Annotated

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import errors_told, out, out_json, run, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from learnflow_infra.engine.request.prepare import Prepared


@opts.with_values
def values(
    skills: opts.Skills = None,
    explain: Annotated[
        str | None,
        typer.Option("--explain", metavar="KEY", help="Tell where a key's value comes from."),
    ] = None,
    given: opts.Given = opts.NOTHING,
    profile: opts.ProfileName = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
    output: opts.OutputOption = opts.Output.text,
) -> None:
    """Print the values that the charts see, secrets hidden, or explain one of them."""
    from learnflow_infra.engine.request import planning
    from learnflow_infra.engine.request.prepare import prepare

    options = opts.options(
        skills=skills,
        given=given,
        profile=profile,
        context=context,
        namespace=namespace,
    )
    prepared = run(lambda emit: prepare(planning.without_cluster(options), emit))
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
