"""Helm's history of a release whose revisions failed, in a real API server."""

import asyncio

import pytest

from learnflow_infra.errors import ReleaseFailedError
from tests.contract.demo import converge, release_of

pytestmark = pytest.mark.contract


def history(session):
    return asyncio.run(session.helm.history("demo"))


def test_a_failed_first_install_was_never_deployed_though_helm_calls_it_superseded(
    session, tmp_path
):
    release = release_of(tmp_path)
    with pytest.raises(ReleaseFailedError):
        converge(session, release, {"greeting": "[1]"})
    (only,) = history(session)
    assert (only.revision, only.status, only.was_deployed) == (1, "failed", False)
    converge(session, release, {"greeting": "bye"})
    newest, first = history(session)
    assert (newest.status, newest.was_deployed, newest.chart) == ("deployed", True, "demo-0.1.0")
    assert (first.status, first.was_deployed) == ("superseded", False)
    assert newest.updated > first.updated > 0
