"""The manifests of `rights --as-manifest`: on stdout, or in two files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from learnflow_infra.errors import InputError

if TYPE_CHECKING:
    from learnflow_infra.engine.verbs.rights import Grants

_GROUP = "rbac.authorization.k8s.io"


def subject(user: str | None, group: str | None, account: str | None) -> Mapping[str, str]:
    """The subject of the RoleBinding; a placeholder where none is named.

    Args:
        user: its name.
        group: its name.
        account: a ServiceAccount, as `NAMESPACE:NAME`.

    Raises:
        InputError: several are named, or a ServiceAccount without its namespace.
    """
    if sum(item is not None for item in (user, group, account)) > 1:
        raise InputError("Name one of --user, --group and --serviceaccount.")
    if account is not None:
        return _service_account(account)
    kind, name = ("Group", group) if group is not None else ("User", user or "REPLACE-ME")
    return {"apiGroup": _GROUP, "kind": kind, "name": name}


def _service_account(text: str) -> Mapping[str, str]:
    namespace, _, name = text.partition(":")
    if not (namespace and name):
        raise InputError(
            f"--serviceaccount {text}: its namespace is missing.",
            remedy="Write NAMESPACE:NAME, as in kubectl create rolebinding.",
        )
    return {"kind": "ServiceAccount", "namespace": namespace, "name": name}


def files(grants: "Grants") -> Mapping[str, str]:
    """The two manifests by the name of their file; a comment says what each is for."""
    options = f" with {' '.join(grants.apart)}" if grants.apart else ""
    return {
        "administrator.yaml": _text("What an administrator does once.", grants.administrator),
        "deployer.yaml": _text(f"The Role of those who deploy{options}.", grants.deployer),
    }


def _text(comment: str, objects: Sequence[Mapping[str, object]]) -> str:
    from learnflow_infra.documents.writing import dump_all

    return f"# {comment} kubectl apply --server-side\n{dump_all(objects)}"


def write(grants: "Grants", folder: Path) -> list[Path]:
    """Write the files into a folder, which is made if it does not exist; their paths.

    Raises:
        FoundationError: a file cannot be written.
    """
    from learnflow_infra.system.files import update

    texts = {folder / name: text for name, text in files(grants).items()}
    for path, text in texts.items():
        update(path, text)
    return list(texts)
