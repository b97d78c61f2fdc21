from __future__ import annotations

from typing import Any

import pytest

from wharfinger.cluster.apply import merging
from wharfinger.cluster.errors import BadRequest

LIST: dict[str, Any] = {
    "type": "array",
    "items": {
        "properties": {
            "name": {},
            "value": {},
            "tags": {"type": "array", "x-kubernetes-list-type": "set"},
        }
    },
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
}
SCHEMA: dict[str, Any] = {"properties": {"list": LIST, "map": {"additionalProperties": {}}}}


def items(names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


@pytest.mark.parametrize(
    ("live", "config", "merged"),
    [
        ("", "ab", "ab"),
        ("ab", "", "ab"),
        ("ab", "x", "abx"),
        ("abc", "xb", "axbc"),
        ("abc", "bax", "bcax"),
        ("abcd", "dcba", "dcba"),
        ("abcd", "cx", "abcdx"),
        ("ab", "ba", "ba"),
    ],
)
def test_items_keep_the_order_of_the_configuration(live: str, config: str, merged: str):
    found = merging.merge(LIST, items(live), items(config))

    assert "".join(one["name"] for one in found) == merged


def test_items_of_one_name_are_merged():
    live = [{"name": "a", "value": 1, "tags": ["x"]}, {"name": "b"}]
    config = [{"name": "a", "tags": ["y"]}]

    assert merging.merge(LIST, live, config) == [
        {"name": "a", "value": 1, "tags": ["x", "y"]},
        {"name": "b"},
    ]


def test_of_two_live_items_with_one_name_neither_is_merged():
    live = [{"name": "a", "value": 1}, {"name": "b"}, {"name": "a", "value": 2}]

    assert merging.merge(LIST, live, items("a")) == [{"name": "a"}, {"name": "b"}]
    assert merging.merge(LIST, live, items("b")) == live


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"list": items("aa")}, r'duplicate entries for key \.list\[name="a"\]'),
        ({"list": [{"value": 1}]}, r"\.list: .* omits all key fields \['name'\]"),
        ({"list": [{"name": "a", "tags": ["x", "x"]}]}, r'\.list\[name="a"\]\.tags\[="x"\]'),
        ({"list": ["a"]}, "omits all key fields"),
    ],
)
def test_a_configuration_must_be_unambiguous(config: Any, words: str):
    with pytest.raises(BadRequest, match=words):
        merging.require_unambiguous(SCHEMA, config)


@pytest.mark.parametrize(
    ("config", "fields"),
    [
        ({"map": {"a": 1}}, {"f:map": {"f:a": {}}}),
        ({"map": {}}, {"f:map": {}}),
        ({"map": {"a": {}}}, {"f:map": {"f:a": {}}}),
        ({"list": []}, {}),
        (
            {"list": [{"name": "a", "tags": ["x"]}]},
            {"f:list": {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:tags": {'v:"x"': {}}}}},
        ),
        ({"other": 1}, {"f:other": {}}),
        ({"other": [1]}, {"f:other": {}}),
    ],
)
def test_what_a_configuration_has_an_opinion_on(config: Any, fields: Any):
    assert merging.applied(SCHEMA, config) == fields


@pytest.mark.parametrize(
    ("value", "gone", "left"),
    [
        ({"map": {"a": 1, "b": 2}}, {"f:map": {"f:a": {}}}, {"map": {"b": 2}}),
        ({"map": {"a": 1}}, {"f:map": {"f:a": {}}}, None),
        ({"map": {"a": 1}}, {"f:map": {}}, None),
        ({"map": {"a": 1}, "x": 1}, {"f:map": {"f:z": {}}}, {"map": {"a": 1}, "x": 1}),
        (
            {"list": [{"name": "a", "value": 1}, {"name": "b"}]},
            {"f:list": {'k:{"name":"a"}': {"f:value": {}}, 'k:{"name":"b"}': {}}},
            {"list": [{"name": "a"}]},
        ),
        (
            {"list": [{"name": "a", "tags": ["x", "y"]}]},
            {"f:list": {'k:{"name":"a"}': {"f:tags": {'v:"x"': {}}}}},
            {"list": [{"name": "a", "tags": ["y"]}]},
        ),
    ],
)
def test_fields_are_taken_away(value: Any, gone: Any, left: Any):
    assert merging.remove(SCHEMA, value, gone) == left


def test_an_item_that_others_have_a_field_of_stays():
    merged = {"list": [{"name": "a", "value": 1}, {"name": "b", "value": 2}]}
    last = merging.applied(SCHEMA, merged)
    others = {"f:list": {'k:{"name":"a"}': {".": {}, "f:name": {}}}}

    assert merging.prune(SCHEMA, merged, last, others) == {"list": [{"name": "a"}]}


def test_what_others_own_stays_with_the_map_that_it_is_in():
    merged = {"map": {"mine": 1, "theirs": 2}}
    last, others = {"f:map": {"f:mine": {}}}, {"f:map": {"f:theirs": {}}}

    assert merging.prune(SCHEMA, merged, last, others) == {"map": {"theirs": 2}}
    assert merging.prune(SCHEMA, merged, last, {}) == {}
