"""The order of objects is kept with each change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.cluster.shelf import Names, Shelf
from wharfinger.cluster.states import Recent, State, States

NAMES = st.tuples(st.sampled_from(["", "a", "a-b", "ab", "b"]), st.text("ab-.", max_size=3))
RECENT = Recent()


def state(names: Names) -> State:
    return State(1, b'{"metadata":{"name":"%s/%s"}}' % tuple(map(str.encode, names)), RECENT)


def shelf(*kept: Names) -> Shelf:
    made = Shelf()
    for names in kept:
        made.put(names, state(names))
    return made


def told(found: States) -> list[str]:
    return [one["metadata"]["name"] for one in found]


@given(st.lists(st.tuples(st.booleans(), NAMES)), st.none() | st.just("a"), st.none() | NAMES)
def test_a_list_is_in_order_whatever_came_and_went(
    steps: list[tuple[bool, Names]], namespace: str | None, after: Names | None
):
    made, known = Shelf(), set()
    for comes, names in steps:
        if comes:
            made.put(names, state(names))
            known.add(names)
        else:
            made.remove(names)
            known.discard(names)

    wanted = [
        "/".join(names)
        for names in sorted(known)
        if namespace in (None, names[0]) and (after is None or names > after)
    ]
    assert told(made.list(namespace, after)) == wanted


def test_a_namespace_is_not_that_of_which_it_is_the_beginning():
    made = shelf(("dock", "a"), ("dock-1", "a"), ("docks", "a"))

    assert told(made.list("dock")) == ["dock/a"]


@pytest.mark.parametrize(
    ("namespace", "after", "names"),
    [
        (None, None, ["p/a", "p/d", "q/c"]),
        ("p", None, ["p/a", "p/d"]),
        (None, ("p", "b"), ["p/d", "q/c"]),
        ("q", ("p", "a"), ["q/c"]),
    ],
)
def test_an_earlier_list_has_what_was_there_and_lacks_what_was_not(
    namespace: str | None, after: Names | None, names: list[str]
):
    made = shelf(("p", "a"), ("p", "b"), ("q", "c"))
    then = {("p", "b"): None, ("p", "d"): state(("p", "d"))}

    assert told(made.list_with(then, namespace, after)) == names


def test_an_earlier_list_has_the_earlier_object():
    made = shelf(("p", "a"))

    assert told(made.list_with({("p", "a"): state(("p", "old"))}, None)) == ["p/old"]
