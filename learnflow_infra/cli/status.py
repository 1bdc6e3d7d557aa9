"""`learnflow-infra status`."""

from typing import TYPE_CHECKING

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, out_document, run
from learnflow_infra.errors import NotReadyError

if TYPE_CHECKING:
    from learnflow_infra.engine.verbs.status import ReleaseStatus


def status(
    skills: opts.Skills = None,
    profile: opts.ProfileName = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
    output: opts.OutputOption = opts.Output.text,
) -> None:
    """Show releases and the objects they own. Exit code 7 if something is not ready."""
    from learnflow_infra.engine.verbs import status as verb

    states = run(
        lambda emit: verb.status(
            opts.options(skills=skills, context=context, namespace=namespace, profile=profile), emit
        )
    )
    if output is opts.Output.json:
        ready = all(state.ready for state in states)
        out_document("Status", ready=ready, releases=[_release(state) for state in states])
    else:
        for state in states:
            revision = [f"revision {state.revision}"] if state.revision else []
            out("  ".join([state.release, *revision, state.status]))
            for name, status in state.objects:
                out(f"  {name:45} {status.state:12} {status.message}")
    if not all(state.ready for state in states):
        raise typer.Exit(NotReadyError.exit_code)


def _release(state: "ReleaseStatus") -> dict[str, object]:
    return {
        "release": state.release,
        "revision": state.revision,
        "status": state.status,
        "ready": state.ready,
        "objects": [
            {"object": name, "status": status.state, "message": status.message}
            for name, status in state.objects
        ],
    }
