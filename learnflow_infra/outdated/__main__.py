"""`make outdated`: print what is behind or near the end of its support."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from learnflow_infra import versions
from learnflow_infra.cli.run import exit_on_error, out
from learnflow_infra.errors import EXIT_CHANGES, ArtifactError
from learnflow_infra.outdated import pins, registries
from learnflow_infra.outdated.judgement import Judgement, Verdict, judge

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def outdated(
    offline: Annotated[bool, typer.Option(help="Ask no registry: judge by the file.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Show what is current, too.")] = False,
) -> None:
    """Print what is behind or near the end of its support, by versions.yaml and today's date.

    Exit code 2 if something is to be done, 5 if only a registry could not be asked, else 0.
    """
    with exit_on_error():
        file = versions.load()
        components = pins.expanded(file)
        answers, faults = ({}, []) if offline else registries.ask(components)
    today = datetime.now(UTC).date()
    judgements = [judge(one, answers.get(one.name, ()), today) for one in components]
    for judgement in sorted(judgements, key=lambda one: not one.due):
        if every or judgement.verdict is not Verdict.current:
            out(_row(judgement))
    for fault in faults:
        out(f"not asked   {fault}; judged by versions.yaml of {file.checked}")
    due = sum(judgement.due for judgement in judgements)
    out(f"{due} of {len(judgements)} versions have to be changed ({today}).")
    raise typer.Exit(EXIT_CHANGES if due else ArtifactError.exit_code if faults else 0)


def _row(judgement: Judgement) -> str:
    component = judgement.component
    reason = f": {judgement.reason}" if judgement.reason else ""
    page = component.support.source
    source = f" ({page})" if judgement.due and page else ""
    mark = "DUE" if judgement.due else "ok "
    return f"{mark} {component.name} {component.version}: {judgement.verdict}{reason}{source}"


if __name__ == "__main__":
    app()
