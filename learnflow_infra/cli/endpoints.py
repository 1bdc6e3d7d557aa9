"""`learnflow-infra endpoints`."""

from typing import Annotated

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, out_json, run


def endpoints(
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
    output: Annotated[
        opts.EndpointOutput, typer.Option("--output", "-o", help="Format of the result.")
    ] = opts.EndpointOutput.text,
) -> None:
    """Show where applications connect, and which Secret holds the credentials."""
    from learnflow_infra.engine.verbs import endpoints as verb

    texts = run(
        lambda emit: verb.endpoints(
            opts.options(skills=None, context=context, namespace=namespace), emit
        )
    )
    if output is opts.EndpointOutput.json:
        out_json(texts.document)
    else:
        out((texts.env if output is opts.EndpointOutput.env else texts.text).rstrip("\n"))
