"""
Read a JSON body as the Docker daemon reads it, or refuse it.

Go's encoding/json matches names of fields without regard to case, and of two values for one field
the last wins: `{"Image": "a", "IMAGE": "b"}` runs `b`. Such a body is refused, as is one that Go
and Python would read differently or that is not one JSON document.

https://pkg.go.dev/encoding/json#Unmarshal
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from wharfinger.hosts.on_host.docker_authz.target import UnclearRequest


class Members(tuple[tuple[str, Any], ...]):
    """An object as its members in their order, the doubled ones too."""

    __slots__ = ()


def parse(raw: bytes) -> Members:
    try:
        document = json.loads(
            raw.decode(), object_pairs_hook=Members, parse_constant=_no_such_constant
        )
    except (ValueError, RecursionError):
        raise UnclearRequest("its body is not one JSON document") from None
    if not isinstance(document, Members):
        raise UnclearRequest("its body is not a JSON object")
    return document


def text_at(members: Members, *path: str) -> str:
    """The text at `path`; empty where it, or an object on the way to it, is missing or null."""
    found: Members | str | None = members
    for name in path:
        if not isinstance(found, Members):
            if found is None:
                return ""
            raise UnclearRequest(f"its body has no object above {name}")
        found = _member(found, name)
    if found is not None and not isinstance(found, str):
        raise UnclearRequest(f"{path[-1]} in its body is not text")
    return found or ""


def _member(members: Members, name: str) -> Any | None:
    folded = name.casefold()
    values = [value for key, value in members if key.casefold() == folded]
    if len(values) > 1:
        raise UnclearRequest(f"its body gives {name} twice")
    return values[0] if values else None


def _no_such_constant(name: str) -> NoReturn:
    raise ValueError(name)
