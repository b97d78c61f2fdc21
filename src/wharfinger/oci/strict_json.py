"""
JSON that every reader understands the same way, or an error.

What one parser takes and another refuses, or takes differently, is how a signed document comes
to say two things (CVE-2021-41190). So: UTF-8 without byte order mark, one value, no duplicate
keys, no NaN or infinity, no lone surrogates, no integers beyond 64 bits and no nesting beyond
what the caller allows.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, Final

from wharfinger.oci.errors import InvalidJson

MAX_DEPTH: Final = 64
_MAX_DIGITS: Final = 20
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def decode(data: bytes, *, max_depth: int = MAX_DEPTH) -> Any:
    """Read one JSON value; raise `InvalidJson` if it could be understood in two ways."""
    text = _text(data)
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise InvalidJson(_too_deep(max_depth)) from None
    except json.JSONDecodeError as error:
        raise InvalidJson(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    _require_depth(text, value, max_depth)
    if _ESCAPED_SURROGATE.search(text):
        _refuse_surrogates(value)
    return value


def nests_deeper(value: Any, max_depth: int) -> bool:
    """Whether lists and objects stand in each other on more levels than that."""
    level = _nested([value])
    for _ in range(max_depth):
        level = _nested(child for node in level for child in _children(node))
    return bool(level)


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidJson(f"not UTF-8 at byte {error.start}") from None
    if text.startswith("\ufeff"):
        raise InvalidJson("it begins with a byte order mark")
    return text


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise InvalidJson(f"the key {key[:100]!r} stands twice in one object")
            seen.add(key)
    return result


def _integer(digits: str) -> int:
    # The length first: `int` of a million digits would take seconds.
    if len(digits) > _MAX_DIGITS or not -(2**63) <= (number := int(digits)) < 2**64:
        raise InvalidJson("an integer is beyond 64 bits")
    return number


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise InvalidJson("a number is too large")
    return number


def _refuse_constant(name: str) -> Any:
    raise InvalidJson(f"{name} is not a JSON value")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=_integer,
    parse_float=_finite,
    parse_constant=_refuse_constant,
)


def _too_deep(max_depth: int) -> str:
    return f"it is nested more than {max_depth} levels deep"


def _require_depth(text: str, value: Any, max_depth: int) -> None:
    # A document with few brackets cannot be deep: the usual case costs two counts.
    if text.count("{") + text.count("[") > max_depth and nests_deeper(value, max_depth):
        raise InvalidJson(_too_deep(max_depth))


def _nested(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, (dict, list))]


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _refuse_surrogates(value: Any) -> None:
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            pending.extend(node)
        if isinstance(node, str) and _SURROGATE.search(node):
            raise InvalidJson("a string holds half of a surrogate pair")
        pending.extend(_children(node))
