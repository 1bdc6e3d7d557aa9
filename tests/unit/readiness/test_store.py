import threading

from hypothesis import given
from hypothesis import strategies as st

from learnflow_infra.readiness.store import Store

PATH = "/api/v1/pods"


def pod(name, version):
    return {"metadata": {"name": name, "namespace": "n", "resourceVersion": str(version)}}


def store():
    watched = Store()
    assert watched.add(PATH)
    assert not watched.add(PATH)
    return watched


def names(watched):
    return {item["metadata"]["name"] for item in watched.objects([PATH])}


def test_a_list_does_not_undo_newer_events():
    watched = store()
    watched.replace(PATH, [pod("a", 1)], "5")
    watched.apply(PATH, "ADDED", pod("b", 7))
    watched.replace(PATH, [pod("a", 1)], "6")
    assert names(watched) == {"a", "b"}


def test_an_event_older_than_the_list_is_dropped():
    watched = store()
    watched.replace(PATH, [], "9")
    watched.apply(PATH, "MODIFIED", pod("gone", 8))
    assert names(watched) == set()


def test_an_older_list_is_dropped():
    watched = store()
    watched.replace(PATH, [pod("a", 1)], "9")
    watched.replace(PATH, [], "8")
    assert names(watched) == {"a"}


def test_an_unchanged_object_stays_the_same_instance():
    watched = store()
    watched.replace(PATH, [pod("a", 1)], "5")
    (before,) = watched.objects([PATH])
    watched.replace(PATH, [pod("a", 1)], "6")
    assert watched.objects([PATH])[0] is before


def test_a_change_ends_a_wait():
    watched = store()
    waiting = threading.Event()

    class Version(int):
        __hash__ = int.__hash__

        def __ne__(self, other):
            """Called by the wait, which holds the store's lock until it sleeps."""
            waiting.set()
            return int(self) != other

    def change():
        waiting.wait()
        watched.replace(PATH, [pod("a", 1)], "1")

    threading.Thread(target=change).start()
    watched.wait(Version(watched.version), 900)
    assert names(watched) == {"a"}


def test_a_change_before_the_wait_ends_it_at_once():
    watched = store()
    version = watched.version
    watched.replace(PATH, [pod("a", 1)], "1")
    watched.wait(version, 900)


def test_every_collection_has_to_be_listed_denied_or_absent():
    watched = store()
    assert not watched.wait_listed(0)
    watched.mark(PATH, "lost", "refused")
    assert not watched.wait_listed(0)
    watched.mark(PATH, "denied", "no rights")
    assert watched.wait_listed(0)
    assert watched.in_state("denied") == {PATH: "no rights"}


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=12),
    st.lists(st.integers(0, 12), max_size=3),
    st.randoms(),
)
def test_lists_and_events_in_any_order_give_the_same_state(history, listed, random):
    """Once all is delivered, the store has the objects that the server's history leaves."""
    live, events, lists = {}, [], []
    for version, (name, deleted) in enumerate(history, 1):
        if deleted and name not in live:
            continue
        events.append(("DELETED" if deleted else "MODIFIED", pod(name, version)))
        live.pop(name, None)
        if not deleted:
            live[name] = pod(name, version)
        if version in listed:
            lists.append((list(live.values()), str(version)))
    watched = store()
    steps = [watched.apply] * len(events) + [watched.replace] * len(lists)
    random.shuffle(steps)  # lists and events each stay in order, but may overtake each other
    todo = {watched.apply: iter(events), watched.replace: iter(lists)}
    for step in steps:
        step(PATH, *next(todo[step]))
    assert {item["metadata"]["name"]: item for item in watched.objects([PATH])} == live
