"""`learnflow-infra deploy`."""

from typing import TYPE_CHECKING, Annotated

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import out, out_json, run

if TYPE_CHECKING:
    from learnflow_infra.engine.deploy import Deployed


def deploy(
    skills: opts.Skills = None,
    files: opts.Files = None,
    set_json: opts.SetJson = None,
    set_values: opts.SetValues = None,
    set_string: opts.SetString = None,
    set_file: opts.SetFile = None,
    profile: opts.ProfileName = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
    timeout: opts.Timeout = None,
    verify: Annotated[bool, typer.Option("--verify/--no-verify", help="Verify at the end.")] = True,
    output: opts.OutputOption = opts.Output.text,
) -> None:
    """Deploy skills, wait until they are ready, verify them, record the endpoints."""
    from learnflow_infra.engine import deploy as engine

    done = run(
        lambda emit: engine.deploy(
            opts.options(
                skills=skills,
                files=files,
                set_json=set_json,
                set_values=set_values,
                set_string=set_string,
                set_file=set_file,
                profile=profile,
                context=context,
                namespace=namespace,
                timeout=timeout,
                verify=verify,
            ),
            emit,
        )
    )
    if output is opts.Output.json:
        out_json(_document(done))
    else:
        _tell(done)


def _document(done: "Deployed") -> dict[str, object]:
    return {
        "apiVersion": "learnflow.infra/v1",
        "kind": "Deployed",
        "changed": done.changed,
        "seconds": round(done.seconds, 3),
        "endpoints": done.endpoints,
        "verification": list(done.verification),
        "files": [str(file) for file in done.files],
    }


def _tell(done: "Deployed") -> None:
    out("")
    for endpoint in done.endpoints["endpoints"]:
        inside, host = endpoint["inCluster"], endpoint["host"]
        out(f"{endpoint['name']} ({endpoint['protocol']})")
        out(f"  in the cluster   {inside['host']}:{inside['port']}")
        out(f"  from this host   {host['host']}:{host['port']}")
        for line in endpoint["connect"]:
            out(f"    {line}")
    out("")
    out(f"Recorded in {done.files[0].parent}: " + ", ".join(file.name for file in done.files))
    count = sum(len(result["checks"]) for result in done.verification)
    without = "verified before" if done.verified else "not verified"
    proof = f"verified: {count} checks passed" if count else without
    what = "Deployed" if done.changed else "Nothing to change: all releases are ready"
    out(f"{what}, {proof} ({done.seconds:.1f} s).")
