"""
Sets of fields, in the form in which `managedFields` shows them (FieldsV1).

A set is a dictionary of children, each a set of its own: `f:NAME` is a field, `k:{…}` an item
of a list that is known by some of its fields, `v:…` an item of a list of unique values, `i:N` an
item by its place. `.` says that a field itself belongs to the set, and so does a child that is
empty. Nothing is changed in place, so sets may share their parts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

Set = Mapping[str, Any]

EMPTY: Final[Set] = {}
"""The set without fields. (As a child of a set, the same dictionary is a field that belongs.)"""

MEMBER: Final[Set] = {}
SELF: Final = "."

_ORDER: Final = "fkvi"


class InvalidSet(ValueError):
    """What should be a set of fields is something else."""


def node(belongs: bool, below: Set) -> Set | None:
    """A child: whether the field itself belongs, and what belongs below it. None: nothing does."""
    if not below:
        return MEMBER if belongs else None
    return {SELF: MEMBER, **below} if belongs else below


def belongs(child: Set) -> bool:
    return not child or SELF in child


def children(child: Set) -> Iterator[tuple[str, Set]]:
    return ((name, below) for name, below in child.items() if name != SELF)


def union(one: Set, other: Set) -> Set:
    if not one or not other:
        return one or other
    result = {name: below for name, below in one.items() if name != SELF}
    for name, below in children(other):
        known = result.get(name)
        if known is None:
            result[name] = below
        elif known is not below:
            both = belongs(known) or belongs(below)
            result[name] = node(both, union(_below(known), _below(below))) or MEMBER
    return result


def difference(one: Set, other: Set) -> Set:
    """The fields of `one` that are not in `other`; their children are judged for themselves."""
    if not one or not other:
        return one
    result: dict[str, Any] = {}
    for name, below in children(one):
        taken = other.get(name)
        if taken is None:
            result[name] = below
            continue
        left = node(belongs(below) and not belongs(taken), difference(_below(below), _below(taken)))
        if left is not None:
            result[name] = left
    return result


def intersection(one: Set, other: Set) -> Set:
    result: dict[str, Any] = {}
    for name, below in children(one):
        shared = other.get(name)
        if shared is None:
            continue
        both = belongs(below) and belongs(shared)
        left = node(both, intersection(_below(below), _below(shared)))
        if left is not None:
            result[name] = left
    return result


def paths(fields: Set) -> Iterator[tuple[str, ...]]:
    """Every field of the set: those of one level first, then what is below each."""
    ordered = sorted(children(fields), key=lambda child: (_ORDER.index(child[0][0]), child[0]))
    for name, below in ordered:
        if belongs(below):
            yield (name,)
    for name, below in ordered:
        for rest in paths(below):
            yield (name, *rest)


def told(path: tuple[str, ...]) -> str:
    """A path as conflicts tell it: `.spec.containers[name="app"].image`."""
    return "".join(_told(element) for element in path)


def parse(value: Any) -> Set:
    """Read what a client says is a set, in one spelling; raise `InvalidSet`."""
    if not isinstance(value, Mapping):
        raise InvalidSet("a set of fields must be an object")
    result: dict[str, Any] = {}
    for name, below in value.items():
        if name == SELF:
            continue
        child = parse(below)
        kept = node(not below or SELF in below, child)
        if kept is not None:
            result[_element(name)] = kept
    return result


def _below(child: Set) -> Set:
    if SELF not in child:
        return child
    return {name: below for name, below in child.items() if name != SELF}


def _element(name: str) -> str:
    sort, colon, rest = name[:1], name[1:2], name[2:]
    if colon != ":" or sort not in _ORDER or not sort:
        raise InvalidSet(f"{name!r} names no field")
    if sort == "f":
        return name
    value = _decoded(rest)
    if sort == "k" and not isinstance(value, dict):
        raise InvalidSet(f"{name!r} has no keys")
    if sort == "i" and (not isinstance(value, int) or isinstance(value, bool)):
        raise InvalidSet(f"{name!r} is not a place")
    return f"{sort}:{canonical(value)}"


def canonical(value: Any) -> str:
    """The one spelling of a value inside the name of a child."""
    return msgspec.json.encode(value, order="sorted").decode()


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidSet(f"{text!r} is not JSON") from None


def _told(element: str) -> str:
    sort, rest = element[0], element[2:]
    if sort == "f":
        return f".{rest}"
    if sort == "k":
        return f"[{','.join(f'{key}={_quoted(value)}' for key, value in json.loads(rest).items())}]"
    return f"[={_quoted(json.loads(rest))}]" if sort == "v" else f"[{rest}]"


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
