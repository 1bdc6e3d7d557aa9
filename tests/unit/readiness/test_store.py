import threading

from hypothesis import given
from hypothesis import strategies as st

from learnflow_infra.readiness.store import Store

PATH = "/api/v1/pods"


def pod(name, version):
    return {"metadata": {"name": name, "namespace": "n", "resourceVersion": str(version)}}


def store():
    made = Store()
    assert made.add(PATH)
    assert not made.add(PATH)
    return made


def names(made):
    return {item["metadata"]["name"] for item in made.objects([PATH])}


def test_a_list_does_not_undo_what_is_newer():
    made = store()
    made.replace(PATH, [pod("a", 1)], "5")
    made.apply(PATH, "ADDED", pod("b", 7))
    made.replace(PATH, [pod("a", 1)], "6")
    assert names(made) == {"a", "b"}


def test_an_event_older_than_the_list_is_dropped():
    made = store()
    made.replace(PATH, [], "9")
    made.apply(PATH, "MODIFIED", pod("gone", 8))
    assert names(made) == set()


def test_an_older_list_is_dropped():
    made = store()
    made.replace(PATH, [pod("a", 1)], "9")
    made.replace(PATH, [], "8")
    assert names(made) == {"a"}


def test_what_did_not_change_stays_the_very_object():
    made = store()
    made.replace(PATH, [pod("a", 1)], "5")
    (before,) = made.objects([PATH])
    made.replace(PATH, [pod("a", 1)], "6")
    assert made.objects([PATH])[0] is before


def test_a_change_ends_a_wait():
    made = store()
    version = made.version
    threading.Timer(0.05, made.replace, (PATH, [pod("a", 1)], "1")).start()
    made.wait(version, 900)
    assert names(made) == {"a"}


def test_a_change_before_the_wait_ends_it_at_once():
    made = store()
    version = made.version
    made.replace(PATH, [pod("a", 1)], "1")
    made.wait(version, 900)


def test_every_collection_has_to_be_listed_denied_or_absent():
    made = store()
    assert not made.wait_listed(0)
    made.mark(PATH, "lost", "refused")
    assert not made.wait_listed(0)
    made.mark(PATH, "denied", "no rights")
    assert made.wait_listed(0)
    assert made.in_state("denied") == {PATH: "no rights"}


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=12),
    st.lists(st.integers(0, 12), max_size=3),
    st.randoms(),
)
def test_lists_and_events_in_any_order_come_to_the_same(history, listed, random):
    """What a server's history leaves, is what a store has once all was delivered."""
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
    made = store()
    steps = [made.apply] * len(events) + [made.replace] * len(lists)
    random.shuffle(steps)  # each kind comes in its own order, and one may overtake the other
    todo = {made.apply: iter(events), made.replace: iter(lists)}
    for step in steps:
        step(PATH, *next(todo[step]))
    assert {item["metadata"]["name"]: item for item in made.objects([PATH])} == live
