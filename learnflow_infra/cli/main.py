"""The command `learnflow-infra`: its verbs, and the list of exit codes."""

import typer

from learnflow_infra.cli import cluster
from learnflow_infra.cli.delete import delete
from learnflow_infra.cli.deploy import deploy
from learnflow_infra.cli.diagnose import diagnose
from learnflow_infra.cli.doctor import doctor
from learnflow_infra.cli.endpoints import endpoints
from learnflow_infra.cli.status import status
from learnflow_infra.cli.verify import verify
from learnflow_infra.errors import EXIT_INTERRUPTED, LearnflowError


def exit_codes() -> dict[int, str]:
    """Every exit code with its meaning, gathered from the error classes."""
    classes = {kind.exit_code: kind.title for kind in LearnflowError.__subclasses__()}
    return {0: "done", 1: "bug", **dict(sorted(classes.items())), EXIT_INTERRUPTED: "interrupted"}


EPILOG = "Exit codes: " + " · ".join(f"{code} {text}" for code, text in exit_codes().items())

app = typer.Typer(
    name="learnflow-infra",
    help="Deploy Kafka and PostgreSQL on Kubernetes through Helm, and prove that they work.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for verb in (deploy, verify, status, endpoints, diagnose, delete, doctor):
    app.command()(verb)
app.add_typer(cluster.app, name="cluster")
