"""`learnflow-infra verify`."""

from enum import StrEnum
from typing import Annotated

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import exit_on_error, out, out_document, run


class Origin(StrEnum):
    """Where the checks connect from."""

    inside = "inside"
    host = "host"
    both = "both"


def verify(
    skills: opts.Skills = None,
    origin: Annotated[
        Origin, typer.Option("--from", help="Connect from inside the cluster, from this host.")
    ] = Origin.both,
    profile: opts.ProfileName = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
    output: opts.OutputOption = opts.Output.text,
) -> None:
    """Verify deployed skills: pods are ready, data can be written and read."""
    from learnflow_infra.engine.proof import results
    from learnflow_infra.engine.verbs import verify as verb

    done = run(
        lambda emit: verb.verify(
            opts.options(skills=skills, context=context, namespace=namespace, profile=profile),
            origin.value,
            emit,
        )
    )
    if output is opts.Output.json:
        passed = all(map(results.passed, done.results))
        out_document("VerifyResults", passed=passed, results=list(done.results))
    with exit_on_error():
        results.require(done.results, done.skills)
    if output is opts.Output.text:
        for result in done.results:
            out(f"{result['skill']}: {results.summary(result)}")
