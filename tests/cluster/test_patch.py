from __future__ import annotations

from typing import Any

import pytest

from wharfinger.cluster import patch
from wharfinger.cluster.errors import BadRequest
from wharfinger.cluster.patch import PatchType


@pytest.mark.parametrize(
    ("document", "change", "result"),
    [
        # The examples of RFC 7386, appendix A.
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patches(document: Any, change: Any, result: Any):
    assert patch.merge(document, change) == result


@pytest.mark.parametrize("patch_type", [PatchType.MERGE, PatchType.STRATEGIC])
@pytest.mark.parametrize("document", [[], "x", None, 1])
def test_a_merge_patch_of_an_object_must_be_one(patch_type: PatchType, document: Any):
    with pytest.raises(BadRequest):
        patch.apply(patch_type, {}, document, {})


def test_the_old_document_stays_as_it_is():
    old = {"a": {"b": 1}, "l": [1]}

    patch.apply(PatchType.MERGE, old, {"a": {"b": 2}}, {})
    patch.apply(PatchType.STRATEGIC, old, {"a": {"b": None}}, {})
    patch.apply(PatchType.JSON, old, [{"op": "add", "path": "/l/-", "value": 2}], {})

    assert old == {"a": {"b": 1}, "l": [1]}
