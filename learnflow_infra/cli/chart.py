"""`learnflow-infra chart`: charts from OCI registries."""

from typing import Annotated

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, run

app = typer.Typer(help="Charts from OCI registries.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Charts from OCI registries."""


@app.command()
def lock(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 10 when the lock differs.")
    ] = False,
    mirrors: opts.Mirrors = None,
) -> None:
    """Pin charts from registries by digest in charts-values/charts.lock; deploy uses no others."""
    from learnflow_infra.engine.verbs import chart_lock as verb

    done = run(lambda emit: verb.pin(mirrors or (), emit, check=check))
    for profile, charts in done.lock.profiles.items():
        for name, chart in charts.items():
            out(f"{profile} {name}: {chart.chart} {chart.version} {chart.digest}")
    for change in done.changes:
        out(f"changed: {change}")
    out("charts-values/charts.lock " + ("was written." if done.changes else "is unchanged."))
