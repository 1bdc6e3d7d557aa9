"""`learnflow-infra doctor`."""

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, run
from learnflow_infra.errors import FoundationError
from learnflow_infra.remedy import Remedy


def doctor(
    skills: opts.Skills = None,
    files: opts.Files = None,
    set_values: opts.SetValues = None,
    set_strings: opts.SetStrings = None,
    set_json: opts.SetJson = None,
    set_files: opts.SetFiles = None,
    mirrors: opts.Mirrors = None,
    profile: opts.ProfileName = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
) -> None:
    """Check what a deploy needs, changing nothing. Exit code 11 if a check fails."""
    from learnflow_infra.engine.verbs import doctor as verb

    options = opts.options(
        skills=skills,
        flags=opts.flags(files, set_values, set_strings, set_json, set_files),
        mirrors=mirrors,
        profile=profile,
        context=context,
        namespace=namespace,
    )
    checks = run(lambda emit: verb.doctor(options, emit))
    for check in checks:
        out(f"{'ok  ' if check.passed else 'FAIL'} {check.name}: {check.message}")
        if check.remedy:
            out(Remedy("       ", check.remedy))
    if not all(check.passed for check in checks):
        raise typer.Exit(FoundationError.exit_code)
