"""
The patches of Kubernetes clients: JSON patch, merge patch and strategic merge patch.

Pure: documents in, a new document out; the old one is never touched, though parts of it may be
shared by the new.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from wharfinger.cluster.errors import BadRequest, PatchFailed, PatchTypeUnsupported
from wharfinger.cluster.json_patch import json_patch
from wharfinger.cluster.kind import Object
from wharfinger.cluster.strategic import strategic


class PatchType(StrEnum):
    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"


def apply(kind: PatchType, document: Object, patch: Any, schema: Mapping[str, Any]) -> Object:
    """Make another object of one; raise `BadRequest` or `PatchFailed`.

    A server-side apply is more than a patch: `Objects` does it, to what is stored.
    """
    if kind is PatchType.APPLY:
        raise PatchTypeUnsupported(
            "server-side apply is for objects that are stored: apply this without --server-side"
        )
    if kind is PatchType.JSON:
        result = json_patch(document, patch)
    elif not isinstance(patch, dict):
        raise BadRequest("a merge patch must be an object")
    elif kind is PatchType.MERGE:
        result = merge(document, patch)
    else:
        result = strategic(document, patch, schema)
    if not isinstance(result, dict):
        raise PatchFailed("the patch does not leave an object")
    return result


def merge(document: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(document) if isinstance(document, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result
