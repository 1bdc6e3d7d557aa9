"""A store that a test fills in the place of watches, and a clock that moves when a wait sleeps."""

import heapq
import itertools
import threading

from learnflow_infra.models import Release
from learnflow_infra.readiness.expected import Expected
from learnflow_infra.readiness.store import Store
from learnflow_infra.readiness.view import View


class Watches:
    """Stands for the watches of a cluster: every collection is there, and empty at first."""

    def __init__(self):
        self.store = Store()

    def ensure(self, paths):
        for path in paths:
            if self.store.add(path):
                self.store.replace(path, [], "0")


class Kube:
    """Stands for the API server, of which only the logs of containers are requested."""

    def __init__(self, log=()):
        self.log, self.requests = list(log), []

    def log_tail(self, *container, previous):
        self.requests.append((*container, previous))
        return self.log


class MovingClock:
    """Stands for the clock of a wait: each sleep ends at the next recorded event, at once."""

    def __init__(self):
        self.time = 0.0
        self._events, self._order = [], itertools.count()

    def at(self, seconds, action, *arguments):
        """Record an event."""
        heapq.heappush(self._events, (seconds, next(self._order), action, arguments))

    def now(self):
        return self.time

    def sleep(self, store, version, seconds):
        if store.version != version:
            return
        assert self.time < 10_000, "the wait does not end"
        self.time += max(seconds, 0.001)
        if self._events and self._events[0][0] <= self.time:
            self.time, _, action, arguments = heapq.heappop(self._events)
            action(*arguments)


class World:
    """A release `r` in the namespace `n`, its objects by time, and what a wait reports of it."""

    def __init__(self, *, log=(), **release):
        release = Release(name="r", skill="s", profiles={}, **release)
        self.watches, self.version, self.kube = Watches(), 0, Kube(log)
        self.view = View(self.kube, self.watches, "n", release)
        self.stop, self.clock = threading.Event(), MovingClock()
        self.observations = []

    def expect(self, *names):
        self.view.follow(Expected(names=names))
        return self

    def put(self, path, obj, event="MODIFIED"):
        self.version += 1
        obj["metadata"] |= {"resourceVersion": str(self.version)}
        self.watches.store.apply(path, event, obj)

    def at(self, seconds, path, obj, event="MODIFIED"):
        self.clock.at(seconds, self.put, path, obj, event)

    def options(self, timeout):
        return {"timeout": timeout, "stop": self.stop, "clock": self.clock}


class PolledWorld(World):
    """The same, where watches are of no use: collections are listed every 2 seconds."""

    def __init__(self, **release):
        super().__init__(**release)
        self.server = {}
        for number in range(60):
            self.clock.at(number * 2.0 + 0.1, self.list)

    def put(self, path, obj, event="MODIFIED"):
        self.version += 1
        obj["metadata"] |= {"resourceVersion": str(self.version)}
        items = self.server.setdefault(path, {})
        items.pop(obj["metadata"]["name"], None)
        if event != "DELETED":
            items[obj["metadata"]["name"]] = obj

    def list(self):
        for path, items in self.server.items():
            self.watches.store.replace(path, list(items.values()), str(self.version))
