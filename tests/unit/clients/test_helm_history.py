"""Helm's history of a release."""

import asyncio

import pytest

from learnflow_infra.clients.helm import Helm
from learnflow_infra.clients.helm_output import Revision

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
