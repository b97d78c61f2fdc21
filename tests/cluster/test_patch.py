from __future__ import annotations

from typing import Any

import pytest

from wharfinger.cluster import patch
from wharfinger.cluster.errors import BadRequest
from wharfinger.cluster.patch import PatchType


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
