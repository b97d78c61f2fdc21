"""
Ranges of bytes: what a client asks for, and where a chunk of an upload belongs.

    Range         := "bytes=" first "-" [last] | "bytes=-" count      (RFC 9110, 14.2)
    Content-Range := first "-" last                                   (distribution-spec)

A server may answer any Range with the whole, and so we do for units we do not know, for what is
no range, and for several at once: putting many together costs the server more than the client
(CVE-2025-62727).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from wharfinger.errors import BadInput
from wharfinger.registry.errors import InvalidContentRange

_NUMBER: Final = r"[0-9]{1,18}"
_RANGE: Final = re.compile(rf"bytes=[ \t]*(?:({_NUMBER})-({_NUMBER})?|-({_NUMBER}))[ \t]*")
_CONTENT_RANGE: Final = re.compile(rf"(?:bytes )?({_NUMBER})-({_NUMBER})(?:/(?:{_NUMBER}|\*))?")


class Span(NamedTuple):
    """The bytes [start, stop)."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - self.start


class RangeNotSatisfiable(BadInput):
    code = "range-not-satisfiable"

    def __init__(self, size: int) -> None:
        super().__init__(f"cannot give this range: the content has {size} bytes")
        self.size = size


def requested(header: str | None, size: int) -> Span | None:
    """The one range that `header` asks of `size` bytes; None: give the whole."""
    match = _RANGE.fullmatch(header) if header is not None else None
    if match is None:
        return None
    first, last, count = match.groups()
    if count is not None:
        span = Span(max(size - int(count), 0), size)
    elif last is None:
        span = Span(int(first), size)
    elif int(last) < int(first):
        return None
    else:
        span = Span(int(first), min(int(last) + 1, size))
    if span.length <= 0:
        raise RangeNotSatisfiable(size)
    return span


def of_chunk(header: str) -> Span:
    """Where a chunk belongs; raise `InvalidContentRange`."""
    match = _CONTENT_RANGE.fullmatch(header)
    if match is None or int(match[2]) < int(match[1]):
        raise InvalidContentRange(header)
    return Span(int(match[1]), int(match[2]) + 1)
