"""`learnflow-infra diagnose`."""

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, run
from learnflow_infra.errors import NotReadyError


def diagnose(
    skills: opts.Skills = None,
    profile: opts.ProfileName = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
) -> None:
    """Name what is not ready and why, changing nothing. Exit code 7 when something is not."""
    from learnflow_infra.engine import inspect

    found = run(
        lambda emit: inspect.diagnose(
            opts.options(skills=skills, context=context, namespace=namespace, profile=profile), emit
        )
    )
    for release, causes in found:
        if not causes:
            out(f"{release}: everything is ready")
        for cause in causes:
            for line in cause.lines():
                out(f"{release}: {line}")
    if any(causes for _, causes in found):
        raise typer.Exit(NotReadyError.exit_code)
