"""A store that a test fills, in the place of watches of a cluster."""

import threading

from learnflow_infra.models import Release
from learnflow_infra.readiness.owned import Expected
from learnflow_infra.readiness.store import Store
from learnflow_infra.readiness.view import View


class Watches:
    """Stands for the watches of a cluster: every collection is there, and empty at first."""

    def __init__(self):
        self.store = Store()

    def ensure(self, paths):
        for path in paths:
            if self.store.shelve(path):
                self.store.replace(path, [], "0")


class Kube:
    """Stands for the API server: containers' logs alone are asked for."""

    def __init__(self, log=()):
        self.log, self.asked = list(log), []

    def log_tail(self, *where, previous):
        self.asked.append((*where, previous))
        return self.log


class World:
    def __init__(self, *, log=(), **release):
        release = Release(name="r", skill="s", profiles={}, **release)
        self.watches, self.version, self.kube = Watches(), 0, Kube(log)
        self.view = View(self.kube, self.watches, "n", release)
        self.stop = threading.Event()
        self.seen = []

    def expect(self, *names):
        self.view.expect(Expected(names=names))
        return self

    def put(self, path, obj):
        self.version += 1
        obj["metadata"] |= {"resourceVersion": str(self.version)}
        self.watches.store.apply(path, "MODIFIED", obj)

    def later(self, seconds, path, obj):
        threading.Timer(seconds, self.put, (path, obj)).start()
