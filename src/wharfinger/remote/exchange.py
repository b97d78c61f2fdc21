"""
A question to a registry and its answer, as values, and the body of an answer within bounds.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

import aiohttp

from wharfinger.remote.connections import faults
from wharfinger.remote.errors import NotUnderstood

ANSWER_LIMIT: Final = 4 << 20

Scopes = tuple[str, ...]
"""`TYPE:NAME:ACTION[,ACTION]` each, as a token is asked for."""


class Follow(Enum):
    """Whether a redirect is followed, and where to."""

    ANYWHERE = auto()
    HERE = auto()
    NOT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`scopes` are what it needs leave for. A `body` that comes in pieces can be sent only once."""

    method: str = "GET"
    target: str
    scopes: Scopes = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | AsyncIterable[bytes] | None = field(default=None, repr=False)
    follow: Follow = Follow.ANYWHERE


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` have names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


async def body(answer: aiohttp.ClientResponse, place: str) -> bytes:
    """All of it. Raise `NotUnderstood` for more than `ANSWER_LIMIT`, and what `faults` raises."""
    content = bytearray()
    with faults(place):
        async with answer:
            async for piece in answer.content.iter_any():
                content += piece
                if len(content) > ANSWER_LIMIT:
                    more = f"more than {ANSWER_LIMIT >> 20} MiB"
                    raise NotUnderstood(place, f"its answer has {more}")
    return bytes(content)


def document(content: bytes, place: str) -> Any:
    """What a registry says in JSON. Raise `NotUnderstood`."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise NotUnderstood(place, "its answer is not JSON") from None
