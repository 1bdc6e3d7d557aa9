"""`learnflow-infra delete`."""

from typing import Annotated

import typer

from learnflow_infra.cli import ask
from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, run


def delete(
    skills: opts.Skills = None,
    purge_data: Annotated[
        bool,
        typer.Option("--purge-data", help="Also delete volumes and Secrets; cannot be undone."),
    ] = False,
    yes: ask.Yes = False,
    profile: opts.ProfileName = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
) -> None:
    """Uninstall skills. Volumes and Secrets stay, so a later deploy finds its data again."""
    from learnflow_infra.engine.verbs import delete as verb

    options = opts.options(
        skills=skills, context=context, namespace=namespace, profile=profile, yes=yes
    )
    done = run(lambda emit: verb.delete(options, purge=purge_data, emit=emit))
    out("Deleted: " + (", ".join(done.releases) or "no release; none was installed"))
    if done.purged:
        out("Purged: " + ", ".join(done.purged))
    if done.kept:
        out("Kept (--purge-data deletes them): " + ", ".join(done.kept))
