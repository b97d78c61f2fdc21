"""What is kept of an object, and in which forms it is handed out."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.cluster import states
from wharfinger.cluster.states import Recent, State, States

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"nodeName": "n"}}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=10,
)


def state(obj: dict[str, Any], revision: int = 7, recent: Recent | None = None) -> State:
    return State(revision, states.encode(obj), recent or Recent())


def shown(one: State) -> Any:
    return json.loads(bytes(one.json))


def test_both_forms_have_the_revision():
    one = state(POD)

    assert one.object == {**POD, "metadata": {"name": "a", "resourceVersion": "7"}}
    assert shown(one) == one.object


def test_what_is_stored_has_no_revision():
    obj = {**POD, "metadata": {"resourceVersion": "5", "name": "a"}}

    assert json.loads(states.encode(obj)) == POD


@given(ANYTHING, st.text(), st.dictionaries(st.text(), ANYTHING, max_size=3))
def test_both_forms_are_the_same_object(value: Any, name: str, more: dict[str, Any]):
    obj = {"spec": value, **POD, "metadata": {**more, "name": name}, "kind": "Thing"}

    one = state(obj)

    assert shown(one) == one.object


@pytest.mark.parametrize(
    "value",
    [
        b'{"spec":{"metadata":{"name":"inner"}},"metadata":{"name":"a"},"kind":"Pod"}',
        b'{"apiVersion":"v1","kind":"Pod","metadata":{}}',
        b'{"apiVersion":"a\\"b","kind":"Pod","metadata":{"name":"a"}}',
        b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}',
        b'{ "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"} }',
    ],
)
def test_an_object_in_another_order_is_shown_all_the_same(value: bytes):
    one = State(3, value, Recent())

    assert shown(one) == one.object
    assert one.object["metadata"]["resourceVersion"] == "3"


def test_a_state_told_of_later_is_the_same_but_for_its_revision():
    one = state(POD)

    later = one.at(9)

    assert later.object["metadata"]["resourceVersion"] == "9"
    assert shown(later) == later.object
    assert one.object["metadata"]["resourceVersion"] == "7"


def test_what_is_looked_at_again_is_not_decoded_again():
    one = state(POD)

    assert one.object is one.object


def test_what_is_decoded_stays_within_its_limit():
    size = len(states.encode(POD))
    recent = Recent(limit=2 * size)
    first, *others = (state(POD, number, recent) for number in range(3))
    seen = first.object

    assert first.object is seen
    for one in others:
        assert one.object
    assert first.object is not seen
    assert first.object == seen


def test_an_object_over_the_limit_is_shown_and_not_kept():
    one = state(POD, recent=Recent(limit=1))

    assert one.object == one.object
    assert one.object is not one.object


def test_objects_in_order_are_a_sequence():
    found = States([state({**POD, "metadata": {"name": name}}) for name in "abc"])

    assert [one["metadata"]["name"] for one in found] == ["a", "b", "c"]
    assert len(found) == 3
    assert found[-1]["metadata"]["name"] == "c"
    assert [one["metadata"]["name"] for one in found[:2]] == ["a", "b"]
    assert [one["metadata"]["name"] for one in found.where(lambda one: one != found[0])] == [
        "b",
        "c",
    ]
    assert msgspec.json.decode(msgspec.json.encode(found[1:].json)) == list(found[1:])
    assert not States()
