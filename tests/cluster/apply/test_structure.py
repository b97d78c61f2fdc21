from __future__ import annotations

from typing import Any

import pytest

from wharfinger.cluster.apply import structure

PORTS = {
    "type": "array",
    "items": {"type": "object", "properties": {"protocol": {"default": "TCP"}}},
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["protocol", "containerPort"],
}
SET = {"type": "array", "x-kubernetes-list-type": "set"}


@pytest.mark.parametrize(
    ("schema", "values", "names"),
    [
        (PORTS, [{"containerPort": 80}], ['k:{"containerPort":80,"protocol":"TCP"}']),
        (PORTS, [{"protocol": "UDP", "x": 1}], ['k:{"protocol":"UDP"}']),
        (PORTS, [], []),
        (PORTS, [{"containerPort": 80}, "x"], None),
        ({**PORTS, "items": {}}, [{"x": 1}], None),
        (SET, ["a/b", 1], ['v:"a/b"', "v:1"]),
        (SET, [{"a": 1}], None),
    ],
)
def test_items_are_named_by_their_keys_or_by_themselves(
    schema: dict[str, Any], values: list[Any], names: list[str] | None
):
    assert structure.names(schema, values) == names


@pytest.mark.parametrize(
    ("schema", "value", "whole"),
    [
        ({}, "x", True),
        ({}, None, True),
        ({}, {}, False),
        ({}, [], True),
        ({"x-kubernetes-map-type": "atomic"}, {"a": 1}, True),
        ({"x-kubernetes-map-type": "granular"}, {"a": 1}, False),
        ({"x-kubernetes-list-type": "atomic"}, [1], True),
        (SET, [1], False),
        (PORTS, [{}], False),
    ],
)
def test_some_values_have_one_owner(schema: dict[str, Any], value: Any, whole: bool):
    assert structure.whole(schema, value) is whole


def test_what_the_schema_says_of_a_field():
    free = {"additionalProperties": {"type": "string"}}
    fixed = {"properties": {"a": {"type": "integer"}}}

    assert structure.below(free, "x") == {"type": "string"}
    assert structure.below(fixed, "a") == {"type": "integer"}
    assert structure.below(fixed, "x") == {}
    assert structure.declared(fixed, "a")
    assert not structure.declared(free, "a")
