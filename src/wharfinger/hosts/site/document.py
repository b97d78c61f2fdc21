"""
YAML as a tree of values with their lines, within limits that hold before anything is built.

Less than YAML on purpose: one document, no anchors, aliases or tags, no merge keys, no key twice, and
keys are text. What a plain scalar means is the core schema of YAML 1.2 (`no` and `on` are text).
JSON is YAML, and is read as well. Files that others wrote for other programs may have tags and
anchors; those are passed over, and only an alias, which would have to be followed, is a fault.

https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamStartEvent,
)

from wharfinger.hosts.formats import yaml_scalars
from wharfinger.hosts.formats.yaml_scalars import Scalar
from wharfinger.hosts.site.faults import Faults, InvalidSite, UnreadableDocument

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 32
MAX_NODES: Final = 50_000

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Node:
    """`value` is a scalar, a list of nodes, or a mapping from text to nodes; `lines` of its keys."""

    line: int
    value: Scalar | list[Node] | dict[str, Node]
    lines: dict[str, int] | None = None

    def plain(self) -> object:
        """The value without lines, as JSON knows it."""
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        return self.value


class _Stop(Exception):
    """Nothing behind this point can be read."""


def read(name: str, content: bytes) -> Node:
    """The one document of a site file; raise `InvalidSite` with every fault found on the way."""
    return _read(name, content, InvalidSite)


def read_foreign(name: str, content: bytes) -> Node:
    """The one document of somebody else's file; raise `UnreadableDocument`."""
    return _read(name, content, UnreadableDocument)


def _read(name: str, content: bytes, error: type[UnreadableDocument]) -> Node:
    faults = Faults()
    root = None
    try:
        events = _Events(_text(content, faults), faults, foreign=error is not InvalidSite)
        events.take(StreamStartEvent)
        if isinstance(events.peek, DocumentStartEvent):
            events.take(DocumentStartEvent)
            root = events.node("", 0)
            events.end()
        else:
            faults.add(1, "", "cannot read it: it is empty")
    except _Stop:
        pass
    if faults or root is None:
        raise error(name, tuple(faults))
    return root


def _text(content: bytes, faults: Faults) -> str:
    if len(content) > MAX_BYTES:
        faults.add(1, "", f"cannot read more than {MAX_BYTES >> 20} MiB: it is larger")
        raise _Stop
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.add(line, "", "cannot read it: it is not UTF-8 text")
        raise _Stop from None


class _Events:
    """The parser's events as a tree, read by descent; a fault that hides the rest ends it."""

    def __init__(self, text: str, faults: Faults, *, foreign: bool) -> None:
        self._events: Iterator[Event] = iter(YAML(typ="safe", pure=True).parse(text))
        self._faults = faults
        self._foreign = foreign
        self._nodes = 0
        self._advance()

    def _advance(self) -> None:
        try:
            self.peek = next(self._events)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._stop(1 if mark is None else mark.line + 1, "", f"cannot read it: {error.problem}")
        except (YAMLError, ValueError) as error:
            self._stop(1, "", f"cannot read it: {str(error).partition(chr(10))[0]}")

    def _stop(self, line: int, place: str, message: str, remedy: str | None = None) -> None:
        self._faults.add(line, place, message, remedy)
        raise _Stop

    @property
    def line(self) -> int:
        return int(self.peek.start_mark.line) + 1

    def take(self, kind: type[Event]) -> None:
        assert isinstance(self.peek, kind), self.peek
        self._advance()

    def end(self) -> None:
        """Nothing may follow the document."""
        self._advance()  # its end
        if isinstance(self.peek, DocumentStartEvent):
            self._stop(self.line, "", "cannot read a second document: there has to be one")

    def node(self, place: str, depth: int) -> Node:
        event, line = self.peek, self.line
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._stop(line, "", f"cannot read more than {MAX_NODES} values: it has more")
        self._refuse_sharing(event, place)
        self._require_text(event, place)
        if depth > MAX_DEPTH and isinstance(event, CollectionStartEvent):
            self._stop(line, "", f"cannot read more than {MAX_DEPTH} levels: it is deeper")
        self._advance()
        if isinstance(event, SequenceStartEvent):
            return Node(line, self._list(place, depth))
        if isinstance(event, MappingStartEvent):
            return self._mapping(line, place, depth)
        assert isinstance(event, ScalarEvent)
        return Node(line, self._scalar(event, line, place))

    def _refuse_sharing(self, event: Event, place: str) -> None:
        if isinstance(event, AliasEvent):
            self._stop(
                self.line,
                place,
                f"cannot follow alias *{event.anchor}: here each thing is written out",
                f"a text that begins with * stands in quotes: '*{event.anchor}'",
            )
        if self._foreign:
            return
        assert isinstance(event, NodeEvent)
        if event.anchor is not None:
            self._faults.add(
                self.line, place, f"cannot take anchor &{event.anchor}: a site file has none"
            )
        if (tag := getattr(event, "ctag", None)) is not None:
            self._faults.add(self.line, place, f"cannot take tag {tag}: a site file has none")

    def _list(self, place: str, depth: int) -> list[Node]:
        items: list[Node] = []
        while not isinstance(self.peek, SequenceEndEvent):
            items.append(self.node(f"{place}[{len(items)}]", depth + 1))
        self._advance()
        return items

    def _mapping(self, line: int, place: str, depth: int) -> Node:
        values: dict[str, Node] = {}
        lines: dict[str, int] = {}
        while isinstance(self.peek, NodeEvent):
            at = self.line
            key = self._key(place)
            if key in values:
                self._faults.add(
                    at, place, f"cannot take key {key!r} twice: once on line {lines[key]}"
                )
            value = self.node(below(place, key), depth + 1)
            # Where nothing stands behind a key, the parser has gone on to the next line.
            values[key] = replace(value, line=at) if value.value is None else value
            lines[key] = at
        self._advance()
        return Node(line, values, lines)

    def _key(self, place: str) -> str:
        event = self.peek
        if not isinstance(event, ScalarEvent):
            self._refuse_sharing(event, place)
            self._stop(self.line, place, "cannot read a list or mapping as a key: a key is text")
        assert isinstance(event, ScalarEvent)
        self._refuse_sharing(event, place)
        self._require_text(event, place)
        self._advance()
        return str(event.value)

    def _require_text(self, event: Event, place: str) -> None:
        if isinstance(event, ScalarEvent) and _SURROGATE.search(event.value):
            self._stop(self.line, place, "cannot read half of a surrogate pair: it is no character")

    def _scalar(self, event: ScalarEvent, line: int, place: str) -> Scalar:
        text = str(event.value)
        if event.style is not None or not event.implicit[0]:
            return text
        found = yaml_scalars.meaning(text)
        if isinstance(found, float) and not math.isfinite(found):
            self._faults.add(line, place, f"cannot take {text}: the number is too large")
        return found


def below(place: str, key: str) -> str:
    """The path of a key: `trust.registries."quay.io:443".ca`."""
    step = key if re.fullmatch(r"[A-Za-z][\w-]{0,60}", key, re.ASCII) else f'"{key[:80]}"'
    return f"{place}.{step}" if place else step
