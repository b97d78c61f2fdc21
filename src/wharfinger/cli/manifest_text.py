"""
Manifests as text, JSON or YAML, into values: many documents, fast, within limits.

Each document is read by itself, as `kubectl` does, so that one that is broken hides no other. What can
be read is read as an API server would get it: anchors, aliases and merge keys are followed, and a key
that is there twice is a fault rather than a way to show two people different things. ruamel.yaml, which
reads our own files, takes twenty times as long for a dump of a cluster.
"""

from __future__ import annotations

import math
import multiprocessing
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import yaml

MAX_DEPTH: Final = 100
MAX_VALUES: Final = 5_000_000
"""In one document, with all that is merged into it."""

PIECE: Final = 256 << 10
"""So many characters at least are read in one process at a time."""

_SEPARATOR: Final = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
_DIRECTIVE: Final = re.compile(r"^%", re.MULTILINE)
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS: Final = {
    spelling: word == "true"
    for word in ("true", "false")
    for spelling in (word, word.capitalize(), word.upper())
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,4000}")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,4})?")
_TEXT_TAG: Final = "tag:yaml.org,2002:str"
_MERGE: Final = "<<"
# libyaml is not in every build of PyYAML; what it reads is the same without.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """`line` is where it begins; with a `fault`, there is no value."""

    line: int
    value: Any = None
    fault: str = ""


def documents(content: bytes, *, processes: int = 1) -> Iterator[Document]:
    """Yield the documents that are not empty, in their order; much text is shared by `processes`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        yield Document(1, fault="it is not UTF-8 text")
        return
    if text.lstrip()[:1] in ("{", "["):
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            pass  # YAML may begin so as well
        else:
            yield Document(1, value)
            return
    pieces = list(_pieces(text))
    if processes < 2 or len(pieces) < 2:
        for piece in pieces:
            yield from _read_all(piece)
        return
    fork = multiprocessing.get_context("fork")  # others would import all of this again
    with ProcessPoolExecutor(min(processes, len(pieces)), mp_context=fork) as pool:
        for found in pool.map(_read_all, pieces):
            yield from found


def _pieces(text: str) -> Iterator[list[tuple[str, int]]]:
    """Documents with their lines, so many together that it is worth while to hand them over."""
    line, start, size, piece = 1, 0, 0, list[tuple[str, int]]()
    for end in (*_borders(text), len(text)):
        part = text[start:end]
        piece.append((part, line))
        line, start, size = line + part.count("\n"), end, size + len(part)
        if size >= PIECE:
            yield piece
            size, piece = 0, []
    yield piece


def _read_all(piece: list[tuple[str, int]]) -> list[Document]:
    return [document for text, line in piece for document in _read(text, line)]


def _borders(text: str) -> Iterator[int]:
    if _DIRECTIVE.search(text) is None:
        yield from (match.start() for match in _SEPARATOR.finditer(text))


def _read(text: str, line: int) -> Iterator[Document]:
    loader = _LOADER(text)
    try:
        yield from _documents(loader, line)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        yield Document(line + (0 if mark is None else mark.line), fault=str(error.problem))
    except yaml.YAMLError as error:
        yield Document(line, fault=str(error).partition("\n")[0])
    except _Unreadable as fault:
        yield Document(line + fault.line, fault=str(fault))
    finally:
        loader.dispose()


class _Unreadable(Exception):
    def __init__(self, event: yaml.Event, fault: str) -> None:
        super().__init__(fault)
        self.line = int(event.start_mark.line)


def _documents(loader: Any, line: int) -> Iterator[Document]:
    while not loader.check_event(yaml.StreamEndEvent):
        event = loader.get_event()
        if isinstance(event, yaml.DocumentStartEvent):
            begun = int(loader.peek_event().start_mark.line)
            value = _Tree(loader).read()
            if value is not None:
                yield Document(line + begun, value)


class _Tree:
    """One document, built from events without recursion: no depth can overrun a stack."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._anchors: dict[str, Any] = {}
        self._open: list[_Collection] = []
        self._values = 0

    def read(self) -> Any:
        next_event = self._loader.get_event
        while True:
            event = next_event()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                value = _scalar(event)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._begin(event, {} if kind is yaml.MappingStartEvent else [])
                continue
            elif kind is yaml.AliasEvent:
                if event.anchor not in self._anchors:
                    raise _Unreadable(
                        event, f"alias *{event.anchor} has no anchor that is complete"
                    )
                value = self._anchors[event.anchor]
            else:  # the end of a collection
                closed = self._open.pop()
                value = closed.value
                if closed.anchor is not None:
                    self._anchors[closed.anchor] = value
                if not self._open:
                    return value
                self._put(event, value)
                continue
            if kind is yaml.ScalarEvent and event.anchor is not None:
                self._anchors[event.anchor] = value
            if not self._open:
                return value
            self._put(event, value)

    def _begin(self, event: Any, value: Any) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _Unreadable(event, f"it has more than {MAX_DEPTH} levels")
        self._open.append(_Collection(value, event.anchor))

    def _put(self, event: Any, value: Any) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            raise _Unreadable(event, f"it has more than {MAX_VALUES} values")
        top = self._open[-1]
        holder = top.value
        if type(holder) is list:
            holder.append(value)
        elif not top.has_key:
            top.key, top.has_key = _key(event, value), True
            top.merges = top.key == _MERGE and type(event) is yaml.ScalarEvent and not event.style
            if not top.merges and top.key in holder and top.key not in top.merged:
                raise _Unreadable(event, f"key {str(top.key)[:80]!r} is there twice")
        else:
            top.has_key = False
            if top.merges:
                self._merge(event, top, value)
            else:
                holder[top.key] = value
                top.merged.discard(top.key)

    def _merge(self, event: Any, top: _Collection, value: Any) -> None:
        """What is written out wins, and of several mappings the first."""
        for one in value if type(value) is list else (value,):
            if type(one) is not dict:
                raise _Unreadable(event, "what is merged with << has to be a mapping")
            self._values += len(one)
            if self._values > MAX_VALUES:
                raise _Unreadable(event, f"it has more than {MAX_VALUES} values")
            for key, inner in one.items():
                if key not in top.value:
                    top.value[key] = inner
                    top.merged.add(key)


class _Collection:
    """A list or mapping that is not complete; `merged` are keys that may still be written out."""

    __slots__ = ("anchor", "has_key", "key", "merged", "merges", "value")

    def __init__(self, value: Any, anchor: str | None) -> None:
        self.value, self.anchor = value, anchor
        self.key, self.has_key, self.merges = "", False, False
        self.merged = set[str]()


def _key(event: Any, value: Any) -> str:
    if type(event) is yaml.ScalarEvent:
        return str(event.value)
    if isinstance(value, str):
        return value
    raise _Unreadable(event, "a key has to be text")


def _scalar(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0] or event.tag == _TEXT_TAG:
        return text
    first = text[:1]
    if first.isalpha() and first not in "ntfNTF":
        return text
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text
