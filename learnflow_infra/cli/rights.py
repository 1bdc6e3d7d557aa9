"""`learnflow-infra rights`."""

from typing import TYPE_CHECKING, Annotated

import typer

from learnflow_infra.cli import options as opts
from learnflow_infra.cli.run import exit_on_error, out, run
from learnflow_infra.errors import FoundationError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from learnflow_infra.engine.verbs.rights import Grants
    from learnflow_infra.rights import Right

_GROUP = "rbac.authorization.k8s.io"


def rights(
    skills: opts.Skills = None,
    as_manifest: Annotated[
        bool,
        typer.Option(
            "--as-manifest",
            help="Print what an administrator applies: once for all (namespace, CRDs, cluster "
            "roles), and the Role of those who deploy. Needs no cluster.",
        ),
    ] = False,
    user: Annotated[
        str | None, typer.Option("--user", metavar="NAME", help="Who gets the Role: a user.")
    ] = None,
    group: Annotated[
        str | None, typer.Option("--group", metavar="NAME", help="Who gets the Role: a group.")
    ] = None,
    service_account: Annotated[
        str | None,
        typer.Option(
            "--serviceaccount",
            metavar="NAMESPACE:NAME",
            help="Who gets the Role: a ServiceAccount, as in kubectl create rolebinding.",
        ),
    ] = None,
    files: opts.Files = None,
    set_values: opts.SetValues = None,
    set_strings: opts.SetStrings = None,
    set_json: opts.SetJson = None,
    set_files: opts.SetFiles = None,
    profile: opts.ProfileName = None,
    context: opts.Context = None,
    namespace: opts.Namespace = opts.NAMESPACE,
) -> None:
    """Show which rights a deploy needs and you lack, exit code 11 if any; or print their grant."""
    from learnflow_infra.engine.verbs import rights as verb

    options = opts.options(
        skills=skills,
        flags=opts.flags(files, set_values, set_strings, set_json, set_files),
        profile=profile,
        context=context,
        namespace=namespace,
    )
    if as_manifest:
        with exit_on_error():
            subject = _subject(user, group, service_account)
        grants = run(lambda emit: verb.grants(options, subject, emit))
        _print_manifests(grants)
        return
    found = run(lambda emit: verb.lacking(options, emit))
    _print("A deploy, its verification and a delete need:", found.needed)
    if found.more:
        _print("You lack these, so that some checks are left out:", found.more)
    if found.missing:
        _print("You lack these, so that they fail:", found.missing)
        raise typer.Exit(FoundationError.exit_code)
    out("You have all that they need.")


def _subject(user: str | None, group: str | None, account: str | None) -> "Mapping[str, str]":
    """The subject of the RoleBinding; a placeholder where none is named.

    Raises:
        InputError: several are named, or a ServiceAccount without its namespace.
    """
    if sum(item is not None for item in (user, group, account)) > 1:
        raise InputError("Name one of --user, --group and --serviceaccount.")
    if account is None:
        kind, name = ("Group", group) if group is not None else ("User", user or "REPLACE-ME")
        return {"apiGroup": _GROUP, "kind": kind, "name": name}
    namespace, separator, name = account.partition(":")
    if not (separator and namespace and name):
        raise InputError(
            f"--serviceaccount {account}: its namespace is missing.",
            remedy="Write NAMESPACE:NAME, as in kubectl create rolebinding.",
        )
    return {"kind": "ServiceAccount", "namespace": namespace, "name": name}


def _print_manifests(grants: "Grants") -> None:
    from learnflow_infra.documents.writing import dump_all

    out("# What an administrator applies once: kubectl apply --server-side -f FILE\n---")
    out(dump_all(grants.administrator).rstrip("\n"))
    options = f", with {' '.join(grants.apart)}" if grants.apart else ""
    out(f"---\n# The rights of those who deploy into the namespace{options}.\n---")
    out(dump_all(grants.deployer).rstrip("\n"))


def _print(title: str, rights: "Sequence[Right]") -> None:
    from learnflow_infra.rights import listed

    out(title)
    for line in listed(rights):
        out(f"  {line}")
