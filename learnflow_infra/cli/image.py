"""`learnflow-infra image`: images that this project builds, for charts from registries."""

from typing import Annotated

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, run

app = typer.Typer(
    help="Images of this project that can replace those of charts from registries.",
    no_args_is_help=True,
)


@app.callback()
def group() -> None:
    """Images of this project that can replace those of charts from registries."""


@app.command()
def load(
    skills: opts.Skills = None,
    registry: Annotated[
        str,
        typer.Option("--registry", metavar="HOST[/PREFIX]", help="Push to this registry instead."),
    ] = "",
    context: opts.Context = None,
) -> None:
    """Build patched images, load them into the nodes, and print the flags that choose them."""
    from learnflow_infra.engine.verbs import image_load as verb

    for item in run(lambda emit: verb.load(skills or (), emit, context=context, registry=registry)):
        out(item.flag)
