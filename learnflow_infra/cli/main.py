"""The command `learnflow-infra`: its verbs, and the list of exit codes."""

from typing import Annotated

import typer

from learnflow_infra.cli import bundle, chart, cluster, image
from learnflow_infra.cli.delete import delete
from learnflow_infra.cli.deploy import BareDryRun, deploy
from learnflow_infra.cli.diagnose import diagnose
from learnflow_infra.cli.diff import diff
from learnflow_infra.cli.doctor import doctor
from learnflow_infra.cli.endpoints import endpoints
from learnflow_infra.cli.history import history
from learnflow_infra.cli.rights import rights
from learnflow_infra.cli.rollback import rollback
from learnflow_infra.cli.run import exit_on_error, out
from learnflow_infra.cli.status import status
from learnflow_infra.cli.template import template
from learnflow_infra.cli.usage import Program
from learnflow_infra.cli.values import values
from learnflow_infra.cli.verify import verify
from learnflow_infra.errors import EXIT_CHANGES, EXIT_INTERRUPTED, subclasses


def exit_codes() -> dict[int, str]:
    """Every exit code with its meaning, gathered from the error classes."""
    classes = {kind.exit_code: kind.title for kind in subclasses()}
    return {
        0: "done",
        1: "bug",
        EXIT_CHANGES: "changes (--detailed-exitcode)",
        **dict(sorted(classes.items())),
        EXIT_INTERRUPTED: "interrupted",
    }


app = typer.Typer(
    name="learnflow-infra",
    cls=Program,
    epilog="Exit codes: " + " · ".join(f"{code} {text}" for code, text in exit_codes().items()),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _print_version(value: bool) -> None:
    if not value:
        return
    from learnflow_infra.engine.verbs import version as verb

    with exit_on_error():
        out("\n".join(f"{name} {text}" for name, text in verb.version().items()))
    raise typer.Exit


@app.callback()
def program(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=_print_version,
            help="Print the versions of this program, helm, Kubernetes and Python.",
        ),
    ] = False,
) -> None:
    """Deploy Kafka and PostgreSQL on Kubernetes through Helm, and prove that they work."""


app.command(cls=BareDryRun)(deploy)
for verb in (
    diff,
    template,
    values,
    verify,
    status,
    endpoints,
    diagnose,
    history,
    rollback,
    delete,
    rights,
    doctor,
):
    app.command()(verb)
app.add_typer(cluster.app, name="cluster")
app.add_typer(chart.app, name="chart")
app.add_typer(bundle.app, name="bundle")
app.add_typer(image.app, name="image")
