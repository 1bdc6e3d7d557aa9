"""`learnflow-infra rollback`."""

from typing import Annotated

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, out_document, run


def rollback(
    skill: Annotated[
        str, typer.Argument(metavar="SKILL", help="The skill whose release is rolled back.")
    ],
    revision: Annotated[
        int | None,
        typer.Argument(metavar="REVISION", help="By default the last verified one before this."),
    ] = None,
    release: Annotated[
        str | None, typer.Option("--release", help="Which release; by default the skill's last.")
    ] = None,
    profile: opts.ProfileName = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
    timeout: opts.Timeout = None,
    force_conflicts: opts.ForceConflicts = False,
    verify: opts.Verify = True,
    output: opts.OutputOption = opts.Output.text,
    progress: opts.Progress = False,
) -> None:
    """Roll a release back, wait and verify. The next deploy upgrades it again."""
    from learnflow_infra.engine.verbs import rollback as verb

    options = opts.options(
        skills=[skill],
        profile=profile,
        context=context,
        namespace=namespace,
        timeout=timeout,
        force_conflicts=force_conflicts,
        verify=verify,
    )
    done = run(
        lambda emit: verb.rollback(options, release=release, revision=revision, emit=emit),
        progress=progress,
    )
    if output is opts.Output.json:
        out_document(
            "RolledBack",
            release=done.release,
            to=done.to,
            revision=done.revision,
            verification=list(done.verification),
        )
    else:
        out(f"{done.release} is back at revision {done.to}, as revision {done.revision}.")
