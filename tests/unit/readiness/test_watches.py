"""Followers of a collection: watches, and lists where watches are of no use."""

import threading
from contextlib import contextmanager

import pytest

from learnflow_infra.clients import retry
from learnflow_infra.clients.api_errors import refusal
from learnflow_infra.clients.connection import LostAnswerError
from learnflow_infra.clients.stream import SilentError
from learnflow_infra.readiness.follower import SILENT
from learnflow_infra.readiness.watches import Watches

PATH = "/api/v1/namespaces/n/pods"
FORBIDDEN = (
    'pods is forbidden: User "u" cannot watch resource "pods" in API group "" in the namespace "n"'
)


def pod(version):
    return {"kind": "Pod", "metadata": {"name": "p", "resourceVersion": str(version)}}


class Stream:
    """Ends as `end` says: at once, by an error, or when it is closed."""

    def __init__(self, end):
        self._end, self._closed = end, threading.Event()

    def __iter__(self):
        if self._end == "open":
            self._closed.wait(30)
        elif self._end:
            raise self._end
        return iter(())

    def close(self):
        self._closed.set()


class Kube:
    """Each list has a newer version of a pod; `watches` is what each watch does, the last again."""

    def __init__(self, *watches):
        self.version, self.lists, self.watched, self._watches = 0, [], 0, list(watches)

    def collection(self, path, *, since, patience):
        assert (path, patience) == (PATH, 0)
        self.version += 1
        self.lists.append(since)
        return [pod(self.version)], str(self.version)

    def watch(self, path, _version, *, silence):
        assert (path, silence) == (PATH, SILENT)
        self.watched += 1
        end = self._watches.pop(0) if len(self._watches) > 1 else self._watches[0]
        if isinstance(end, Exception) and not isinstance(end, SilentError):
            raise end
        return Stream(end)


@contextmanager
def followed(kube):
    """The watches, and the seconds of each wait, which takes no time."""
    with retry.recorded_waits() as waits, Watches(kube) as watches:
        watches.ensure([PATH])
        yield watches, waits


def until(watches, condition):
    while not condition():
        version = watches.store.version
        watches.store.wait(version, 10)
        assert watches.store.version != version


def seen(watches):
    return max(
        (int(p["metadata"]["resourceVersion"]) for p in watches.store.objects([PATH])), default=0
    )


@pytest.mark.parametrize(
    "end",
    [
        None,
        retry.TransientError("reset"),
        LostAnswerError("504: gateway timeout"),
        refusal(403, FORBIDDEN),
    ],
    ids=["closed at once", "reset", "504", "403"],
)
def test_where_watches_are_cut_a_collection_is_listed_again_and_again(end):
    kube = Kube(end)
    with followed(kube) as (watches, waits):
        until(watches, lambda: seen(watches) > 20)
        assert not watches.store.in_state("denied")
    assert kube.watched <= 3
    assert max(waits) <= 2
    assert kube.lists[0] == ""
    assert kube.lists[1:10] == [str(number) for number in range(1, 10)]


def test_a_watch_that_keeps_events_back_is_found_by_a_list():
    kube = Kube(SilentError("read timed out"))
    with followed(kube) as (watches, _):
        until(watches, lambda: seen(watches) > 20)
    assert kube.watched == 1


def test_one_cut_is_no_reason_to_give_up_watches():
    kube = Kube(None, "open")
    with followed(kube) as (watches, _):
        until(watches, lambda: kube.watched == 2)
        assert not watches.store.in_state("lost")
    assert kube.lists == [""]
