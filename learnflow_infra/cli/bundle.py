"""`learnflow-infra bundle`: a deploy's charts and images in one file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, out_json, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from learnflow_infra.sources.bundle_file import Item

app = typer.Typer(
    help="Charts and images in one file, for hosts that reach no registry.", no_args_is_help=True
)


@app.command()
def create(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The bundle to write, a tar file.")],
    skills: opts.Skills = None,
    files: opts.Files = None,
    set_values: opts.SetValues = None,
    set_strings: opts.SetStrings = None,
    set_json: opts.SetJson = None,
    set_files: opts.SetFiles = None,
    mirrors: opts.Mirrors = None,
    profile: opts.ProfileOfBundle = "upstream",
    output: opts.OutputOption = opts.Output.text,
) -> None:
    """Pack the locked charts and the images that a deploy with these values needs."""
    from learnflow_infra.engine.verbs import bundle_create as verb

    options = opts.options(
        skills=skills,
        context=None,
        flags=opts.flags(files, set_values, set_strings, set_json, set_files),
        mirrors=mirrors,
        profile=profile,
    )
    _print(run(lambda emit: verb.create(options, file, emit)), output)


@app.command()
def load(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The bundle to load.")],
    registry: Annotated[
        str,
        typer.Option("--registry", metavar="HOST[/PREFIX]", help="Push to this registry instead."),
    ] = "",
    context: opts.Context = None,
    output: opts.OutputOption = opts.Output.text,
) -> None:
    """Check a bundle's digests, then load it into the cluster or push it to a registry."""
    from learnflow_infra.engine.verbs import bundle_load as verb

    _print(run(lambda emit: verb.load(file, emit, context=context, registry=registry)), output)


def _print(items: "Sequence[Item]", output: opts.Output) -> None:
    if output is opts.Output.json:
        out_json([vars(item) for item in items])
        return
    for item in items:
        out(f"{'chart' if item.chart else 'image'} {item.reference} {item.digest}")
