"""`learnflow-infra bundle`: a deploy's charts and images in one file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, out_json, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from learnflow_infra.engine.verbs.bundle import Item

app = typer.Typer(
    help="Charts and images in one file, for where no registry is reached.", no_args_is_help=True
)


@app.callback()
def group() -> None:
    """Charts and images in one file, for where no registry is reached."""


@app.command()
@opts.with_values
def create(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The bundle, a tar.")],
    skills: opts.Skills = None,
    given: opts.Given = opts.NOTHING,
    profile: opts.ProfileName = "upstream",
    output: opts.OutputOption = opts.Output.text,
) -> None:
    """Pack all charts (by charts.lock) and images that a deploy with these values needs."""
    from learnflow_infra.engine.verbs import bundle as engine

    options = opts.options(
        skills=skills,
        context=None,
        given=given,
        profile=profile,
    )
    _tell(run(lambda emit: engine.create(options, file, emit)), output)


@app.command()
def load(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `bundle create` wrote.")],
    registry: Annotated[
        str,
        typer.Option(
            "--registry", metavar="HOST[/PREFIX]", help="Push into this registry instead."
        ),
    ] = "",
    context: opts.Context = None,
    output: opts.OutputOption = opts.Output.text,
) -> None:
    """Check a bundle's digests, and bring it into the cluster or a registry."""
    from learnflow_infra.engine.verbs import bundle as engine

    _tell(run(lambda emit: engine.load(file, emit, context=context, registry=registry)), output)


def _tell(items: "Sequence[Item]", output: opts.Output) -> None:
    if output is opts.Output.json:
        out_json([vars(item) for item in items])
        return
    for item in items:
        out(f"{'chart' if item.chart else 'image'} {item.reference} {item.digest}")
