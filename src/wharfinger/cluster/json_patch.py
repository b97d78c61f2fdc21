"""
JSON patch (RFC 6902) with JSON pointers (RFC 6901).

A patch is applied as a whole or not at all, to a copy. An operation that cannot be read is a
`BadRequest`; one that does not fit the document is `PatchFailed`. So is one that makes of it more
than a request may bring at once: what is stored is read again by those who have limits.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from wharfinger.cluster.errors import BadRequest, PatchFailed
from wharfinger.oci import strict_json

MAX_OPERATIONS: Final = 10_000
MAX_COPIED_BYTES: Final = 3 * 1024 * 1024
_TOO_DEEP: Final = "the patch nests too deep"


def json_patch(document: Any, operations: Any) -> Any:
    if not isinstance(operations, list):
        raise BadRequest("a JSON patch must be a list of operations")
    if len(operations) > MAX_OPERATIONS:
        raise BadRequest(f"a JSON patch may have at most {MAX_OPERATIONS} operations")
    try:
        result = _patched(document, operations)
    except RecursionError:
        raise PatchFailed(_TOO_DEEP) from None
    if strict_json.nests_deeper(result, strict_json.MAX_DEPTH):
        raise PatchFailed(_TOO_DEEP)
    return result


def _patched(document: Any, operations: Sequence[Any]) -> Any:
    result, copied = copy.deepcopy(document), 0
    for operation in operations:
        copied += _copied_bytes(result, operation)
        if copied > MAX_COPIED_BYTES:
            raise BadRequest(f"a JSON patch may copy at most {MAX_COPIED_BYTES} bytes")
        result = _operate(result, operation)
    return result


def _copied_bytes(document: Any, operation: Any) -> int:
    """A few copies of copies would else fill the memory."""
    if not isinstance(operation, dict) or operation.get("op") != "copy":
        return 0
    return len(msgspec.json.encode(_found(document, _origin(operation))))


def _operate(document: Any, operation: Any) -> Any:
    if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
        raise BadRequest("an operation of a JSON patch needs 'op' and 'path'")
    path = _pointer(operation["path"])
    match operation.get("op"):
        case "add":
            return _added(document, path, _value(operation))
        case "remove":
            return _removed(document, path)
        case "replace":
            _found(document, path)
            return _replaced(document, path, _value(operation))
        case "move":
            origin = _origin(operation)
            if path[: len(origin)] == origin and path != origin:
                raise PatchFailed("cannot move a value into itself")
            value = _found(document, origin)
            return _added(_removed(document, origin), path, value)
        case "copy":
            return _added(document, path, copy.deepcopy(_found(document, _origin(operation))))
        case "test":
            if not _same(_found(document, path), _value(operation)):
                raise PatchFailed(f"testing value {operation['path']} failed: test failed")
            return document
        case other:
            raise BadRequest(f"unknown operation {other!r} in a JSON patch")


def _value(operation: Mapping[str, Any]) -> Any:
    if "value" not in operation:
        raise BadRequest(f"operation {operation['op']!r} of a JSON patch needs 'value'")
    return copy.deepcopy(operation["value"])


def _origin(operation: Mapping[str, Any]) -> list[str]:
    if not isinstance(operation.get("from"), str):
        raise BadRequest(f"operation {operation['op']!r} of a JSON patch needs 'from'")
    return _pointer(operation["from"])


def _pointer(text: str) -> list[str]:
    """RFC 6901."""
    if text and not text.startswith("/"):
        raise BadRequest(f"{text!r} is not a JSON pointer")
    if re.search("~(?![01])", text) is not None:
        raise BadRequest(f"{text!r} is not a JSON pointer: '~' stands alone")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _found(document: Any, path: Sequence[str]) -> Any:
    for index, part in enumerate(path):
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list):
            document = document[_index(part, path[:index], len(document) - 1)]
        else:
            raise _missing(path[: index + 1])
    return document


def _added(document: Any, path: Sequence[str], value: Any) -> Any:
    if not path:
        return value
    parent = _found(document, path[:-1])
    if isinstance(parent, dict):
        parent[path[-1]] = value
    elif isinstance(parent, list):
        end = len(parent)
        at = end if path[-1] == "-" else _index(path[-1], path[:-1], end)
        parent.insert(at, value)
    else:
        raise _missing(path)
    return document


def _removed(document: Any, path: Sequence[str]) -> Any:
    _found(document, path)
    if not path:
        return None
    parent = _found(document, path[:-1])
    del parent[path[-1] if isinstance(parent, dict) else int(path[-1])]
    return document


def _replaced(document: Any, path: Sequence[str], value: Any) -> Any:
    if not path:
        return value
    parent = _found(document, path[:-1])
    parent[path[-1] if isinstance(parent, dict) else int(path[-1])] = value
    return document


def _index(part: str, path: Sequence[str], last: int) -> int:
    if re.fullmatch(r"0|[1-9][0-9]{0,9}", part) is None or int(part) > last:
        raise PatchFailed(f"no index {part!r} in the list at /{'/'.join(path)}")
    return int(part)


def _missing(path: Sequence[str]) -> PatchFailed:
    return PatchFailed(f"doc is missing path: /{'/'.join(path)}: missing value")


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: `true` is not 1, though Python says so."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)
