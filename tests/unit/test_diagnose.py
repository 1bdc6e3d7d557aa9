"""Causes that lie in a release itself, whatever its objects say."""

from types import SimpleNamespace

import pytest

from learnflow_infra.clients.helm import Live
from learnflow_infra.engine import inspect


def live(status):
    return Live(revision=1, status=status, manifest="", values={})


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        (None, ["Release/kafka: does not exist; deploy it"]),
        (live("failed"), ["Release/kafka: is failed; deploy it again"]),
        (live("pending-upgrade"), ["Release/kafka: is pending-upgrade; deploy it again"]),
        (live("deployed"), []),
    ],
)
def test_a_release_that_is_not_in_force_is_a_cause(monkeypatch, found, lines):
    async def look(_session, _name):
        return found, SimpleNamespace()  # with volumes, or whatever is there

    release = SimpleNamespace(name="kafka")
    request = SimpleNamespace(target=None, releases=[release])
    session = SimpleNamespace(kube=None, namespace="n")
    monkeypatch.setattr(inspect, "read", lambda _options: request)
    monkeypatch.setattr(inspect, "connect", lambda *_: session)
    monkeypatch.setattr(inspect, "_look", look)
    monkeypatch.setattr(inspect.tracker, "diagnose", lambda *_: [])
    ((name, causes),) = inspect.diagnose(SimpleNamespace(namespace="n"), None)
    assert (name, [line for cause in causes for line in cause.lines()]) == ("kafka", lines)
