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
    *way, last = path
    found: Members | None = members
    for name in way:
        found = _object(found, name)
    text = _member(found, last) if found is not None else None
    if text is not None and not isinstance(text, str):
        raise UnclearRequest(f"{last} in its body is not text")
    return text or ""


def objects_at(members: Members, *path: str) -> tuple[Members, ...]:
    """The objects in the list at `path`; none where it, or an object on the way, is missing or null."""
    *way, last = path
    found: Members | None = members
    for name in way:
        found = _object(found, name)
    listed = _member(found, last) if found is not None else None
    if listed is None:
        return ()
    if not isinstance(listed, list):
        raise UnclearRequest(f"{last} in its body is not a list")
    return tuple(item for item in listed if isinstance(item, Members))


def _object(members: Members | None, name: str) -> Members | None:
    found = None if members is None else _member(members, name)
    if found is not None and not isinstance(found, Members):
        raise UnclearRequest(f"{name} in its body is not an object")
    return found


def _member(members: Members, name: str) -> Any | None:
    folded = name.casefold()
    values = [value for key, value in members if key.casefold() == folded]
    if len(values) > 1:
        raise UnclearRequest(f"its body gives {name} twice")
    return values[0] if values else None


def _no_such_constant(name: str) -> NoReturn:
    raise ValueError(name)
