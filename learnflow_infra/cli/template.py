"""`learnflow-infra template`."""

from typing import Annotated

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, run


def template(
    skills: opts.Skills = None,
    files: opts.Files = None,
    set_values: opts.SetValues = None,
    set_string: opts.SetString = None,
    set_json: opts.SetJson = None,
    set_file: opts.SetFile = None,
    mirrors: opts.Mirrors = None,
    crds: Annotated[
        bool, typer.Option("--include-crds", help="Also the charts' CustomResourceDefinitions.")
    ] = False,
    profile: opts.ProfileName = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
) -> None:
    """Print the manifests, as `helm template` does: no cluster is asked, Secrets are not masked."""
    from learnflow_infra.engine import diff as engine

    options = opts.options(
        skills=skills,
        files=files,
        set_values=set_values,
        set_string=set_string,
        set_json=set_json,
        set_file=set_file,
        mirrors=mirrors,
        profile=profile,
        context=context,
        namespace=namespace,
    )
    out(run(lambda emit: engine.template(options, emit, crds=crds)).rstrip("\n"))
