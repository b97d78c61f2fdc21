from __future__ import annotations

from typing import Any

import pytest

from wharfinger.cluster import json_patch as module
from wharfinger.cluster.errors import BadRequest, PatchFailed
from wharfinger.cluster.json_patch import json_patch
from wharfinger.oci import strict_json


def op(op: str, path: str, **more: Any) -> dict[str, Any]:
    return {"op": op, "path": path, **more}


@pytest.mark.parametrize(
    ("document", "operation", "result"),
    [
        ({"foo": ["bar"]}, op("add", "/foo/0", value="q"), {"foo": ["q", "bar"]}),
        ({"foo": ["bar"]}, op("add", "/foo/1", value="q"), {"foo": ["bar", "q"]}),
        ({"l": [1]}, op("replace", "/l/0", value=2), {"l": [2]}),
        (
            {"a": {"b": 1}, "c": {}},
            op("move", "/c/d", **{"from": "/a/b"}),
            {"a": {}, "c": {"d": 1}},
        ),
        ({"f": [1, 2, 3]}, op("move", "/f/2", **{"from": "/f/0"}), {"f": [2, 3, 1]}),
        ({"a": [1]}, op("copy", "/b", **{"from": "/a"}), {"a": [1], "b": [1]}),
        ({"a": 1}, op("test", "/a", value=1), {"a": 1}),
        ({"a~b/c": 1}, op("test", "/a~0b~1c", value=1), {"a~b/c": 1}),
        ({"": 1}, op("remove", "/"), {}),
        ({"a": 1}, op("add", "", value={"b": 2}), {"b": 2}),
        ({"a": 1}, op("add", "/a", value=None), {"a": None}),
        ({"a": 1}, op("move", "/a", **{"from": "/a"}), {"a": 1}),
        ({"a": {"x": [1.0, {}]}}, op("test", "/a", value={"x": [1, {}]}), {"a": {"x": [1.0, {}]}}),
    ],
)
def test_operations(document: Any, operation: Any, result: Any):
    assert json_patch(document, [operation]) == result


@pytest.mark.parametrize(
    "operation",
    [
        op("remove", "/absent"),
        op("replace", "/absent", value=1),
        op("add", "/absent/child", value=1),
        op("add", "/list/4", value=1),
        op("add", "/list/01", value=1),
        op("add", "/list/-1", value=1),
        op("remove", "/list/-"),
        op("remove", "/list/3"),
        op("add", "/text/child", value=1),
        op("test", "/text", value="other"),
        op("test", "/one", value=True),
        op("test", "/list", value=[1, 2]),
        op("move", "/object/child", **{"from": "/object"}),
        op("copy", "/x", **{"from": "/absent"}),
    ],
)
def test_what_does_not_fit_the_document_fails(operation: Any):
    document = {"list": [1, 2, 3], "text": "t", "one": 1, "object": {"child": {}}}

    with pytest.raises(PatchFailed):
        json_patch(document, [operation])


@pytest.mark.parametrize(
    "operations",
    [
        {},
        "x",
        [1],
        [{"op": "add"}],
        [{"path": "/a"}],
        [op("frob", "/a")],
        [op("add", "/a")],
        [op("move", "/a")],
        [op("copy", "/a", **{"from": 1})],
        [op("remove", "a")],
        [op("remove", "/a~2")],
        [{"op": "remove", "path": 1}],
    ],
)
def test_what_is_no_patch_is_refused(operations: Any):
    with pytest.raises(BadRequest):
        json_patch({"a": 1}, operations)


def test_all_operations_or_none():
    document = {"a": 1}

    with pytest.raises(PatchFailed):
        json_patch(document, [op("remove", "/a"), op("remove", "/b")])

    assert document == {"a": 1}


def test_a_copy_is_independent():
    operations = [op("copy", "/b", **{"from": "/a"}), op("add", "/b/-", value=1)]

    assert json_patch({"a": []}, operations) == {"a": [], "b": [1]}


def test_copies_of_copies_do_not_fill_the_memory():
    doubling = [op("copy", "/a/-", **{"from": "/a"}) for _ in range(100)]

    with pytest.raises(BadRequest, match="copy at most"):
        json_patch({"a": ["x" * 100]}, doubling)


def test_the_number_of_operations_is_limited():
    with pytest.raises(BadRequest, match="at most"):
        json_patch({"a": 1}, [op("test", "/a", value=1)] * (module.MAX_OPERATIONS + 1))


def test_a_patch_makes_nothing_deeper_than_a_request_may_be():
    def within(levels: int) -> list[dict[str, Any]]:
        return [op("add", "/a" * depth, value={}) for depth in range(1, levels)]

    assert json_patch({}, within(strict_json.MAX_DEPTH))
    with pytest.raises(PatchFailed, match="too deep"):
        json_patch({}, within(strict_json.MAX_DEPTH + 1))


def test_depth_that_doubles_is_refused():
    doubling = [op("copy", "/a" * 2**step, **{"from": ""}) for step in range(12)]

    with pytest.raises(PatchFailed, match="too deep"):
        json_patch({}, doubling)
