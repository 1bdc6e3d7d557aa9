"""`learnflow-infra template`."""

from typing import Annotated

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, run


def template(
    skills: opts.Skills = None,
    files: opts.Files = None,
    set_values: opts.SetValues = None,
    set_strings: opts.SetStrings = None,
    set_json: opts.SetJson = None,
    set_files: opts.SetFiles = None,
    mirrors: opts.Mirrors = None,
    crds: Annotated[
        bool,
        typer.Option("--include-crds", help="Also print the CRDs of the charts."),
    ] = False,
    profile: opts.ProfileOfCluster = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
) -> None:
    """Print the manifests like `helm template`. Needs no cluster; Secrets are not masked."""
    from learnflow_infra.engine.verbs import template as verb

    options = opts.options(
        skills=skills,
        flags=opts.flags(files, set_values, set_strings, set_json, set_files),
        mirrors=mirrors,
        profile=profile,
        context=context,
        namespace=namespace,
    )
    out(run(lambda emit: verb.template(options, emit, crds=crds)).rstrip("\n"))
