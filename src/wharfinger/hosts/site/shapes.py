"""
What a part of a document may look like, said once: it reads nodes, and it is a JSON Schema.

A shape that cannot read a node notes the fault and returns `None`; the others go on, so that one
reading tells all faults. `None` is never a value: `key:` with nothing behind it is a fault, since it
could mean "nothing is said" as well as "there shall be none".
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

from wharfinger.errors import WharfingerError
from wharfinger.hosts.site.document import Node, below
from wharfinger.hosts.site.faults import Faults

T = TypeVar("T")
V = TypeVar("V")
T_co = TypeVar("T_co", covariant=True)
Choice_ = TypeVar("Choice_", bound=StrEnum)

Schema = dict[str, Any]
_SHOWN: Final = 60


class Shape(Protocol[T_co]):
    def read(self, node: Node, place: str, faults: Faults) -> T_co | None: ...

    def schema(self) -> Schema: ...


@dataclass(frozen=True, slots=True)
class Text(Generic[T]):
    """Text with a grammar: `parse` raises a `WharfingerError` for what is outside."""

    parse: Callable[[str], T]
    kind: Mapping[str, Any] = field(default_factory=dict)
    """What the schema says beside `type: string`."""

    def read(self, node: Node, place: str, faults: Faults) -> T | None:
        if not isinstance(node.value, str):
            _wrong(node, place, faults, "text")
            return None
        try:
            return self.parse(node.value)
        except WharfingerError as error:
            faults.of_error(node.line, place, error)
            return None

    def schema(self) -> Schema:
        return {"type": "string", **self.kind}


@dataclass(frozen=True, slots=True)
class Flag:
    def read(self, node: Node, place: str, faults: Faults) -> bool | None:
        if not isinstance(node.value, bool):
            _wrong(node, place, faults, "true or false")
            return None
        return node.value

    def schema(self) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Choice(Generic[Choice_]):
    among: type[Choice_]

    def read(self, node: Node, place: str, faults: Faults) -> Choice_ | None:
        for one in self.among:
            if node.value == one.value:
                return one
        _wrong(node, place, faults, " or ".join(self.among))
        return None

    def schema(self) -> Schema:
        return {"enum": [one.value for one in self.among]}


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within bounds, both of which count."""

    least: int
    most: int

    def read(self, node: Node, place: str, faults: Faults) -> int | None:
        value = node.value
        if not isinstance(value, int) or isinstance(value, bool):
            _wrong(node, place, faults, "a whole number")
            return None
        if not self.least <= value <= self.most:
            _wrong(node, place, faults, f"from {self.least} to {self.most}")
            return None
        return value

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Many(Generic[T]):
    """A list in order; with `distinct` it is a fault to say a thing twice."""

    item: Shape[T]
    distinct: bool = True

    def read(self, node: Node, place: str, faults: Faults) -> tuple[T, ...] | None:
        if not isinstance(node.value, list):
            _wrong(node, place, faults, "a list")
            return None
        values: list[T] = []
        seen: set[T] = set()
        for index, inner in enumerate(node.value):
            at = f"{place}[{index}]"
            value = self.item.read(inner, at, faults)
            if value is None:
                continue
            if self.distinct and value in seen:
                faults.add(inner.line, at, f"cannot take {_shown(inner)}: it is there twice")
            seen.add(value)
            values.append(value)
        return tuple(values)

    def schema(self) -> Schema:
        unique = {"uniqueItems": True} if self.distinct else {}
        return {"type": "array", "items": self.item.schema(), **unique}


@dataclass(frozen=True, slots=True)
class Table(Generic[T, V]):
    """A mapping whose keys have a grammar too."""

    key: Text[T]
    value: Shape[V]

    def read(self, node: Node, place: str, faults: Faults) -> dict[T, V] | None:
        if not isinstance(node.value, dict):
            _wrong(node, place, faults, "a mapping")
            return None
        values: dict[T, V] = {}
        for text, inner in node.value.items():
            line = _line_of_key(node, text)
            key = self.key.read(Node(line, text), place, faults)
            value = self.value.read(inner, below(place, text), faults)
            if key is not None and key in values:
                faults.add(
                    line, place, f"cannot take key {text!r}: another spelling of it is there"
                )
            elif key is not None and value is not None:
                values[key] = value
        return values

    def schema(self) -> Schema:
        keys = {name: value for name, value in self.key.schema().items() if name != "type"}
        return {
            "type": "object",
            "propertyNames": keys,
            "additionalProperties": self.value.schema(),
        }


@dataclass(frozen=True, slots=True)
class Key:
    shape: Shape[Any]
    about: str
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Record(Generic[T]):
    """A mapping with known keys; `build` takes the values that are given, by key."""

    keys: Mapping[str, Key]
    build: Callable[[Mapping[str, Any]], T]
    never_empty: bool = False

    def read(self, node: Node, place: str, faults: Faults) -> T | None:
        if not isinstance(node.value, dict):
            _wrong(node, place, faults, "a mapping")
            return None
        values: dict[str, Any] = {}
        for name, inner in node.value.items():
            if name not in self.keys:
                self._unknown(name, _line_of_key(node, name), place, faults)
                continue
            value = self.keys[name].shape.read(inner, below(place, name), faults)
            if value is not None:
                values[name] = value
        self._require(node, place, faults)
        missed = [name for name, key in self.keys.items() if key.needed and name not in values]
        return None if missed else self.build(values)

    def _unknown(self, name: str, line: int, place: str, faults: Faults) -> None:
        folded = {known.lower(): known for known in self.keys}
        near = difflib.get_close_matches(name[:_SHOWN].lower(), folded, n=1, cutoff=0.6)
        known = ", ".join(self.keys)
        remedy = f"is {folded[near[0]]!r} meant?" if near else f"known here: {known}"
        faults.add(line, place, f"cannot take key {name[:_SHOWN]!r}: it is not known", remedy)

    def _require(self, node: Node, place: str, faults: Faults) -> None:
        assert isinstance(node.value, dict)
        for name, key in self.keys.items():
            if key.needed and name not in node.value:
                faults.add(node.line, place, f"cannot go without key {name!r}: it is missing")
        if self.never_empty and not node.value:
            faults.add(
                node.line, place, "cannot take an empty mapping: it says nothing", "take it away"
            )

    def schema(self) -> Schema:
        made: Schema = {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                name: {"description": key.about, **key.shape.schema()}
                for name, key in self.keys.items()
            },
        }
        if needed := [name for name, key in self.keys.items() if key.needed]:
            made["required"] = needed
        if self.never_empty:
            made["minProperties"] = 1
        return made


@dataclass(frozen=True, slots=True)
class Either(Generic[T]):
    """Text, or else the longer form of the same; `kind` is the type of the longer one."""

    text: Text[T]
    other: Shape[T]

    def read(self, node: Node, place: str, faults: Faults) -> T | None:
        shape: Shape[T] = self.text if isinstance(node.value, str) else self.other
        return shape.read(node, place, faults)

    def schema(self) -> Schema:
        return {"anyOf": [self.text.schema(), self.other.schema()]}


@dataclass(frozen=True, slots=True)
class OrFalse(Generic[T]):
    """`false` for none of it, or what it is."""

    shape: Shape[T]

    def read(self, node: Node, place: str, faults: Faults) -> T | Literal[False] | None:
        return False if node.value is False else self.shape.read(node, place, faults)

    def schema(self) -> Schema:
        return {"anyOf": [{"const": False}, self.shape.schema()]}


@dataclass(frozen=True, slots=True)
class Made(Generic[T, V]):
    """Another shape whose value as a whole has to hold too: `make` raises what is wrong with it."""

    shape: Shape[T]
    make: Callable[[T], V]

    def read(self, node: Node, place: str, faults: Faults) -> V | None:
        value = self.shape.read(node, place, faults)
        if value is None:
            return None
        try:
            return self.make(value)
        except WharfingerError as error:
            faults.of_error(node.line, place, error)
            return None

    def schema(self) -> Schema:
        return self.shape.schema()


@dataclass(frozen=True, slots=True)
class Room:
    """A mapping that another command reads."""

    def read(self, node: Node, place: str, faults: Faults) -> object | None:
        if not isinstance(node.value, dict):
            _wrong(node, place, faults, "a mapping")
            return None
        return node.plain()

    def schema(self) -> Schema:
        return {"type": "object"}


def _wrong(node: Node, place: str, faults: Faults, wanted: str) -> None:
    remedy = None
    if node.value is None:
        none = ", or write [] for none" if wanted == "a list" else ""
        remedy = f"take the key away to say nothing{none}"
    elif wanted == "text" and isinstance(node.value, int | float):
        remedy = "put it in quotes"
    elif wanted == "a list" and isinstance(node.value, str):
        remedy = f"write [{_shown(node)}]"
    faults.add(node.line, place, f"cannot take {_shown(node)}: it has to be {wanted}", remedy)


def _shown(node: Node) -> str:
    value = node.value
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a mapping"
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    return repr(value) if len(str(value)) <= _SHOWN else repr(str(value)[:_SHOWN] + "...")


def _line_of_key(node: Node, key: str) -> int:
    return node.line if node.lines is None else node.lines[key]
