from __future__ import annotations

from typing import Any

import pytest

from wharfinger.cluster.errors import BadRequest
from wharfinger.cluster.strategic import strategic

ITEM = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "value": {"type": "string"},
        "tags": {"type": "array", "x-kubernetes-patch-strategy": "merge"},
    },
}
SCHEMA = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "items": ITEM,
            "x-kubernetes-patch-merge-key": "name",
            "x-kubernetes-patch-strategy": "merge",
        },
        "set": {"type": "array", "x-kubernetes-patch-strategy": "merge"},
        "atomic": {"type": "array"},
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
        "whole": {"type": "object", "x-kubernetes-patch-strategy": "replace"},
    },
}


def items(*pairs: str) -> list[dict[str, str]]:
    return [dict(zip(("name", "value"), pair.split("="), strict=False)) for pair in pairs]


def names(*all_names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in all_names]


@pytest.mark.parametrize(
    ("document", "patch", "result"),
    [
        ({"map": {"a": "1"}}, {"map": {"b": "2"}}, {"map": {"a": "1", "b": "2"}}),
        ({"map": {"a": "1"}}, {"map": {"a": None}}, {"map": {}}),
        ({"map": {"a": "1"}}, {"map": None}, {}),
        ({"map": {"a": "1"}}, {"map": {"$patch": "replace", "b": "2"}}, {"map": {"b": "2"}}),
        ({"map": {"a": "1"}}, {"map": {"$patch": "delete"}}, {"map": {}}),
        ({"map": {"a": "1", "b": "2"}}, {"map": {"$retainKeys": ["b"]}}, {"map": {"b": "2"}}),
        ({"whole": {"a": 1}}, {"whole": {"b": 2}}, {"whole": {"b": 2}}),
        ({"atomic": [1, 2]}, {"atomic": [3]}, {"atomic": [3]}),
        ({"set": ["a", "b"]}, {"set": ["b", "c"]}, {"set": ["a", "b", "c"]}),
        ({"set": ["a", "b"]}, {"$deleteFromPrimitiveList/set": ["a"]}, {"set": ["b"]}),
        (
            {"set": ["a", "b"]},
            {
                "$setElementOrder/set": ["c", "a"],
                "set": ["c"],
                "$deleteFromPrimitiveList/set": ["b"],
            },
            {"set": ["c", "a"]},
        ),
        ({}, {"items": items("a=1")}, {"items": items("a=1")}),
        ({"items": items("a=1", "b=2")}, {"items": items("b=3")}, {"items": items("a=1", "b=3")}),
        ({"items": items("a=1")}, {"items": items("b=2")}, {"items": items("a=1", "b=2")}),
        (
            {"items": items("a=1", "b=2")},
            {"items": [{"$patch": "delete", "name": "a"}]},
            {"items": items("b=2")},
        ),
        (
            {"items": items("a=1", "b=2")},
            {"items": [*items("c=3"), {"$patch": "replace"}]},
            {"items": items("c=3")},
        ),
        ({"items": items("a=1")}, {"items": [{"name": "a", "value": None}]}, {"items": names("a")}),
        (
            {"items": items("a", "b", "c")},
            {"$setElementOrder/items": names("c", "b", "a")},
            {"items": items("c", "b", "a")},
        ),
        (
            {"items": items("x", "a", "y", "b")},
            {"$setElementOrder/items": names("b", "a")},
            {"items": items("x", "y", "b", "a")},
        ),
        (
            {"items": items("a", "server")},
            {"$setElementOrder/items": names("a", "b"), "items": names("b")},
            {"items": items("a", "b", "server")},
        ),
        (
            {"items": items("a", "b")},
            {
                "$setElementOrder/items": names("b"),
                "items": [{"$patch": "delete", "name": "a"}, {"name": "b", "value": "1"}],
            },
            {"items": items("b=1")},
        ),
        (
            {"items": [{"name": "a", "tags": ["x"]}]},
            {"items": [{"name": "a", "tags": ["y"]}]},
            {"items": [{"name": "a", "tags": ["x", "y"]}]},
        ),
        ({}, {"map": {"a": None, "b": "1"}}, {"map": {"b": "1"}}),
        (
            {"items": items("a=1", "b=2", "a=3")},
            {"items": items("b=4", "c=5")},
            {"items": items("a=1", "b=4", "a=3", "c=5")},
        ),
        (
            {"items": items("a=1", "b=2", "a=3")},
            {"items": items("a=4")},
            {"items": items("a=4", "b=2", "a=3")},
        ),
        (
            {"items": items("a=1", "b=2", "a=3")},
            {"items": [{"name": "a", "value": "4"}, {"$patch": "delete", "name": "a"}]},
            {"items": items("b=2", "a=4")},
        ),
    ],
)
def test_patches(document: Any, patch: Any, result: Any):
    assert strategic(document, patch, SCHEMA) == result


@pytest.mark.parametrize(
    "patch",
    [
        {"$patch": "frob"},
        {"items": [{"value": "1"}]},
        {"items": ["a"]},
        {"map": {"$retainKeys": "b"}},
        {"$deleteFromPrimitiveList/set": "a"},
        {"$setElementOrder/items": "a"},
        {"$setElementOrder/items": names("a"), "items": names("b")},
    ],
)
def test_what_is_no_patch_is_refused(patch: Any):
    with pytest.raises(BadRequest):
        strategic({"items": items("a=1"), "map": {}, "set": []}, patch, SCHEMA)
