"""Helm's history of a release."""

import asyncio

import pytest

from learnflow_infra.clients.helm import Helm
from learnflow_infra.clients.helm_errors import HelmError
from learnflow_infra.clients.helm_output import Live, Revision
from learnflow_infra.clients.manifest import Manifest
from learnflow_infra.errors import ReleaseFailedError

FIRST = {
    "revision": 1,
    "updated": "2026-11-26T07:00:00.123456789Z",
    "status": "superseded",
    "chart": "demo-0.1.0",
    "app_version": "3",
    "description": "Install complete",
}
SECOND = FIRST | {"revision": 2, "status": "deployed", "description": "Upgrade complete"}


class Command:
    """Stands in for helm's program."""

    async def history(self, release, *, namespace):
        assert (release, namespace) == ("demo", "n")
        return [FIRST, SECOND]


def test_it_has_the_newest_revision_first(monkeypatch):
    helm = Helm(kubeconfig=None, context=None, namespace="n")
    monkeypatch.setattr(helm, "_command", Command())
    newest, first = asyncio.run(helm.history("demo"))
    assert (newest.revision, newest.status) == (2, "deployed")
    assert first == Revision(
        revision=1,
        status="superseded",
        updated=1795676400.123456,
        description="Install complete",
        chart="demo-0.1.0",
        app_version="3",
    )


RECORDED = {
    "metadata": b'{"revision": 2, "status": "deployed", "applyMethod": "ssa"}',
    "values": b"null",
    "manifest": b"---\n# Source: demo/templates/w.yaml\nkind: Widget\n",
    "hooks": b"---\n# Source: demo/templates/a.yaml\nkind: Job\n---\n# Source: b\nkind: Pod\n",
}


class ForgottenKind(Command):
    """Stands in for Helm 4 with a record of a kind that is no longer served."""

    def __init__(self, words):
        self.words = words

    async def run(self, command):
        if command[0] == "status":
            raise HelmError(self.words)
        get, part, release, *options = command
        assert (get, release, *options[-4:]) == ("get", "demo", "--revision", 2, "--namespace", "n")
        return RECORDED[part]


def live_of(monkeypatch, words, **revision):
    helm = Helm(kubeconfig=None, context=None, namespace="n")
    monkeypatch.setattr(helm, "_command", ForgottenKind(words))
    return asyncio.run(helm.live("demo", **revision))


@pytest.mark.parametrize("revision", [{}, {"revision": 2}])
def test_a_record_is_read_though_a_kind_in_it_is_no_longer_served(monkeypatch, revision):
    words = 'Error: resource mapping not found: no matches for kind "Widget" in version "old/v1"'
    hooks = ("# Source: demo/templates/a.yaml\nkind: Job\n", "# Source: b\nkind: Pod\n")
    assert live_of(monkeypatch, words, **revision) == Live(
        revision=2,
        status="deployed",
        manifest=Manifest(text=RECORDED["manifest"].decode(), hook_texts=hooks),
        values={},
        begun=1795676400.123456,
        description="Upgrade complete",
        method="ssa",
    )


def test_any_other_failure_of_helm_is_raised(monkeypatch):
    with pytest.raises(ReleaseFailedError, match="could not handle"):
        live_of(monkeypatch, "Error: something else")


@pytest.mark.parametrize(
    ("status", "description", "was_deployed"),
    [
        ("deployed", "Install complete", True),
        ("deployed", "Rollback to 1", True),
        ("superseded", "Upgrade complete", True),
        ("superseded", "a description by --description", True),
        ("failed", 'Upgrade "demo" failed: the server refused it', False),
        ("superseded", 'Upgrade "demo" failed: the server refused it', False),
        ("superseded", 'Release "demo" failed: the server refused it', False),
        ("superseded", 'Rollback "demo" failed: the server refused it', False),
        ("pending-upgrade", "Preparing upgrade", False),
        ("uninstalled", "Uninstallation complete", False),
    ],
)
def test_a_revision_was_deployed_if_helm_finished_it(status, description, was_deployed):
    revision = Revision(
        revision=1, status=status, updated=0, description=description, chart="", app_version=""
    )
    assert revision.was_deployed is was_deployed
