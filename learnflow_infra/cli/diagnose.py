"""`learnflow-infra diagnose`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, out_document, run
from learnflow_infra.cli.show.commands import completed
from learnflow_infra.errors import NotReadyError
from learnflow_infra.remedy import Remedy

if TYPE_CHECKING:
    from learnflow_infra.engine.verbs.diagnose import Finding


def diagnose(
    skills: opts.Skills = None,
    profile: opts.ProfileName = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
    output: opts.OutputOption = opts.Output.text,
) -> None:
    """Show what is not ready and why, changing nothing. Exit code 7 if something is not."""
    from learnflow_infra.engine.verbs import diagnose as verb

    options = opts.options(skills=skills, context=context, namespace=namespace, profile=profile)
    findings = run(lambda emit: verb.diagnose(options, emit))
    if output is opts.Output.json:
        causes = [
            {"release": f.release, **c.document(), "remedy": str(completed(Remedy(c.remedy)))}
            for f in findings
            for c in f.causes
        ]
        out_document("Diagnosis", namespace=namespace, ready=not causes, causes=causes)
    else:
        _print(findings)
    if any(finding.causes for finding in findings):
        raise typer.Exit(NotReadyError.exit_code)


def _print(findings: Sequence["Finding"]) -> None:
    for finding in findings:
        name = finding.release or "other objects"
        if not finding.causes:
            out(f"{name}: everything is ready")
        for cause in finding.causes:
            for line in cause.lines():
                out(Remedy(f"{name}: ", line))
