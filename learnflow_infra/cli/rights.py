"""`learnflow-infra rights`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from learnflow_infra.cli import grants
from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import exit_on_error, out, run
from learnflow_infra.errors import FoundationError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from learnflow_infra.engine.request.options import Options
    from learnflow_infra.rights import Right

AsManifest = Annotated[
    bool,
    typer.Option(
        "--as-manifest",
        help="Print what an administrator applies: once for all (namespace, CRDs, cluster roles), "
        "and the Role of those who deploy. Needs no cluster.",
    ),
]
OutputDir = Annotated[
    Path | None,
    typer.Option(
        "--output-dir",
        metavar="DIR",
        help="Write the manifests to administrator.yaml and deployer.yaml there, not to stdout.",
    ),
]
User = Annotated[
    str | None, typer.Option("--user", metavar="NAME", help="Who gets the Role: a user.")
]
Group = Annotated[
    str | None, typer.Option("--group", metavar="NAME", help="Who gets the Role: a group.")
]
ServiceAccount = Annotated[
    str | None,
    typer.Option(
        "--serviceaccount",
        metavar="NAMESPACE:NAME",
        help="Who gets the Role: a ServiceAccount, as in kubectl create rolebinding.",
    ),
]


def rights(
    skills: opts.Skills = None,
    as_manifest: AsManifest = False,
    output_dir: OutputDir = None,
    user: User = None,
    group: Group = None,
    service_account: ServiceAccount = None,
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
    """Show the rights that a deploy needs (exit code 11 if you lack one), or print a Role."""
    options = opts.options(
        skills=skills,
        flags=opts.flags(files, set_values, set_strings, set_json, set_files),
        mirrors=mirrors,
        profile=profile,
        context=context,
        namespace=namespace,
    )
    with exit_on_error():
        _require_manifest(as_manifest, output_dir, user, group, service_account)
        subject = grants.subject(user, group, service_account)
    if as_manifest:
        _grant(options, subject, output_dir)
    else:
        _show_lacking(options)


def _require_manifest(as_manifest: bool, *options: object) -> None:
    """Refuse options that only the manifests have.

    Raises:
        InputError: one is there, without `--as-manifest`.
    """
    if not as_manifest and any(option is not None for option in options):
        raise InputError(
            "--output-dir, --user, --group and --serviceaccount are for the manifests.",
            remedy="Add --as-manifest.",
        )


def _grant(options: "Options", subject: "Mapping[str, str]", folder: Path | None) -> None:
    from learnflow_infra.engine.verbs import rights as verb

    made = run(lambda emit: verb.grants(options, subject, emit))
    if folder is None:
        out("---\n".join(grants.files(made).values()).rstrip("\n"))
        return
    with exit_on_error():
        paths = grants.write(made, folder)
    for path in paths:
        out(f"wrote {path}")
    out(f"An administrator applies both: kubectl apply --server-side -f {folder}")


def _show_lacking(options: "Options") -> None:
    from learnflow_infra.engine.verbs import rights as verb

    found = run(lambda emit: verb.lacking(options, emit))
    _print("A deploy, its verification and a delete need:", found.needed)
    if found.more:
        _print("You lack these, so that some checks are left out:", found.more)
    if found.missing:
        _print("You lack these, so that they fail:", found.missing)
        raise typer.Exit(FoundationError.exit_code)
    out("You have all that they need.")


def _print(title: str, rights: "Sequence[Right]") -> None:
    from learnflow_infra.rights import listed

    out(title)
    for line in listed(rights):
        out(f"  {line}")
