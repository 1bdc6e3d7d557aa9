"""`learnflow-infra deploy`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from learnflow_infra.cli import ask
from learnflow_infra.cli import options as opts
from learnflow_infra.cli.diff import show_plan
from learnflow_infra.cli.run import out, out_document, run
from learnflow_infra.quantities import counted

if TYPE_CHECKING:
    from learnflow_infra.engine.request.options import Options
    from learnflow_infra.engine.verbs.deploy import Deployed
    from learnflow_infra.engine.verbs.diff import Diff
    from learnflow_infra.outputs.contracts import EndpointDocument


class DryRun(StrEnum):
    """The kinds of a dry run, as of kubectl and helm."""

    none = "none"
    client = "client"
    server = "server"


class BareDryRun(TyperCommand):
    """Reads `--dry-run` without a value as `--dry-run=client`, like helm and kubectl."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Add the value, then parse the arguments."""
        bare, full = "--dry-run", f"--dry-run={DryRun.client}"
        return super().parse_args(ctx, [full if item == bare else item for item in args])


def deploy(
    skills: opts.Skills = None,
    files: opts.Files = None,
    set_values: opts.SetValues = None,
    set_strings: opts.SetStrings = None,
    set_json: opts.SetJson = None,
    set_files: opts.SetFiles = None,
    mirrors: opts.Mirrors = None,
    reuse_values: opts.ReuseValues = False,
    keep_foreign: opts.KeepForeign = False,
    allow_recreate: opts.AllowRecreate = False,
    force_conflicts: opts.ForceConflicts = False,
    profile: opts.ProfileName = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
    timeout: opts.Timeout = None,
    dry_run: Annotated[
        DryRun,
        typer.Option(
            "--dry-run",
            help="Change nothing. client (or no value): print the manifests; server: show what "
            "would change, checked by the API server.",
        ),
    ] = DryRun.none,
    verify: opts.Verify = True,
    adopt: opts.Adopt = False,
    yes: ask.Yes = False,
    rollback: opts.Rollback = True,
    detailed_exitcode: opts.DetailedExitcode = False,
    output: opts.OutputOption = opts.Output.text,
    progress: opts.Progress = False,
) -> None:
    """Deploy skills, wait until they are ready, verify them, record the endpoints."""
    options = opts.options(
        skills=skills,
        flags=opts.flags(files, set_values, set_strings, set_json, set_files),
        mirrors=mirrors,
        reuse_values=reuse_values,
        keep_foreign=keep_foreign,
        allow_recreate=allow_recreate,
        force_conflicts=force_conflicts,
        profile=profile,
        context=context,
        namespace=namespace,
        timeout=timeout,
        verify=verify,
        adopt=adopt,
        yes=yes,
        progress=progress,
        rollback=rollback,
    )
    if dry_run is DryRun.none:
        _deploy(options, output, progress=progress)
    elif dry_run is DryRun.client:
        _print_manifests(options, progress=progress)
    else:
        planned = _plan(options, progress=progress)
        show_plan(planned, output, detailed_exitcode=detailed_exitcode)


def _deploy(options: "Options", output: opts.Output, *, progress: bool) -> None:
    from learnflow_infra.engine.verbs import deploy as verb

    done = run(lambda emit: verb.deploy(options, emit), progress=progress)
    if output is opts.Output.json:
        print_json(done)
    else:
        _print(done)


def _print_manifests(options: "Options", *, progress: bool) -> None:
    from learnflow_infra.engine.verbs import template

    text = run(lambda emit: template.template(options, emit), progress=progress)
    out(text.rstrip("\n"))


def _plan(options: "Options", *, progress: bool) -> "Diff":
    from learnflow_infra.engine.verbs import diff

    return run(lambda emit: diff.diff(options, emit), progress=progress)


def print_json(done: "Deployed") -> None:
    """Print the result of a deploy; deployed.schema.json describes it."""
    out_document(
        "Deployed",
        changed=done.changed,
        seconds=round(done.seconds, 3),
        endpoints=done.endpoints,
        verification=list(done.verification),
        files=[str(file) for file in done.files],
    )


def _from_host(endpoint: "EndpointDocument") -> str:
    if "host" in endpoint:
        return f"{endpoint['host']['host']}:{endpoint['host']['port']}"
    return f"none: {endpoint.get('withoutHost', 'no address is recorded')}"


def _print(done: "Deployed") -> None:
    from learnflow_infra.outputs.endpoints import on_host, proof_of

    out("")
    for endpoint in on_host(done.endpoints, done.target)["endpoints"]:
        inside = endpoint["inCluster"]
        proof = proof_of(endpoint).partition(":")[0] if not endpoint["verified"] else ""
        out(f"{endpoint['name']} ({endpoint['protocol']})" + (f", {proof}" if proof else ""))
        out(f"  in the cluster   {inside['host']}:{inside['port']}")
        out(f"  from this host   {_from_host(endpoint)}")
        if "withoutNodePort" in endpoint:
            out(f"    no node port: {endpoint['withoutNodePort']}")
        for line in endpoint.get("tunnel", ()):
            out(f"    tunnel, to be kept open: {line}")
        for line in endpoint["connect"]:
            out(f"    {line}")
    out("")
    out(f"Recorded in {done.files[0].parent}: " + ", ".join(file.name for file in done.files))
    count = sum(len(result["checks"]) for result in done.verification)
    unchecked = "verified before" if done.verified else "not verified"
    proof = f"verified: {counted(count, 'check')} passed" if count else unchecked
    what = "Deployed" if done.changed else "Nothing to change: all releases are ready"
    out(f"{what}, {proof} ({done.seconds:.1f} s).")
