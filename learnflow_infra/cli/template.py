"""`learnflow-infra template`."""

from typing import Annotated

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, run


@opts.with_values
def template(
    skills: opts.Skills = None,
    given: opts.Given = opts.NOTHING,
    crds: Annotated[
        bool, typer.Option("--include-crds", help="Also the charts' CustomResourceDefinitions.")
    ] = False,
    profile: opts.ProfileName = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
) -> None:
    """Print the manifests, as `helm template` does: no cluster is asked, Secrets are not masked."""
    from learnflow_infra.engine.verbs import template as engine

    options = opts.options(
        skills=skills,
        given=given,
        profile=profile,
        context=context,
        namespace=namespace,
    )
    out(run(lambda emit: engine.template(options, emit, crds=crds)).rstrip("\n"))
