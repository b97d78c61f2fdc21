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
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import yaml

from wharfinger.hosts.formats import yaml_scalars

MAX_DEPTH: Final = 100
MAX_VALUES: Final = 5_000_000
"""In one document, with all that is merged into it."""

PIECE: Final = 256 << 10
"""So many characters at least are read in one process at a time."""

_SEPARATOR: Final = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
_DIRECTIVE: Final = re.compile(r"^%", re.MULTILINE)
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
            value = _value(loader.get_event)
            if value is not None:
                yield Document(line + begun, value)


def _value(next_event: Callable[[], Any]) -> Any:
    """One document, built from its events.

    Without recursion, so that no depth can overrun a stack; and in one loop, since it is run a hundred
    times for each manifest. `key` is the one whose value comes next in the mapping `holder`; `merged`
    are its keys that may still be written out.
    """
    anchors: dict[str, Any] = {}
    around: list[tuple[Any, str | None, bool, set[str], str | None]] = []
    holder: Any = None
    key: str | None = None
    merges = False
    merged: set[str] = set()
    anchor: str | None = None
    count = 0
    while True:
        event = next_event()
        kind = type(event)
        if kind is yaml.ScalarEvent:
            value = event.value if key is None and type(holder) is dict else _scalar(event)
            if event.anchor is not None:
                anchors[event.anchor] = value
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            if len(around) >= MAX_DEPTH:
                raise _Unreadable(event, f"it has more than {MAX_DEPTH} levels")
            around.append((holder, key, merges, merged, anchor))
            holder = {} if kind is yaml.MappingStartEvent else []
            key, merged, anchor = None, set(), event.anchor
            continue
        elif kind is yaml.AliasEvent:
            if event.anchor not in anchors:
                raise _Unreadable(event, f"alias *{event.anchor} has no anchor that is complete")
            value = anchors[event.anchor]
        else:  # the end of a collection
            value = holder
            if anchor is not None:
                anchors[anchor] = value
            holder, key, merges, merged, anchor = around.pop()
        count += 1
        if type(holder) is list:
            holder.append(value)
        elif holder is None:
            return value
        elif key is None:
            key = _key(event, value, holder, merged)
            merges = key == _MERGE and kind is yaml.ScalarEvent and not event.style
        else:
            if merges:
                count += _merge(event, holder, merged, value)
            else:
                holder[key] = value
            key = None
        if count > MAX_VALUES:
            raise _Unreadable(event, f"it has more than {MAX_VALUES} values")


def _key(event: Any, value: Any, holder: dict[str, Any], merged: set[str]) -> str:
    if not isinstance(value, str):
        raise _Unreadable(event, "a key has to be text")
    if value in holder:
        if value not in merged:
            raise _Unreadable(event, f"key {value[:80]!r} is there twice")
        merged.discard(value)
    return value


def _merge(event: Any, holder: dict[str, Any], merged: set[str], value: Any) -> int:
    """What is written out wins, and of several mappings the first."""
    looked_at = 0
    for one in value if type(value) is list else (value,):
        if type(one) is not dict:
            raise _Unreadable(event, "what is merged with << has to be a mapping")
        looked_at += len(one)
        if looked_at > MAX_VALUES:
            raise _Unreadable(event, f"it has more than {MAX_VALUES} values")
        for key, inner in one.items():
            if key not in holder:
                holder[key] = inner
                merged.add(key)
    return looked_at


def _scalar(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0] or event.tag == _TEXT_TAG:
        return text
    first = text[:1]
    if first.isalpha() and first not in "ntfNTF":
        return text
    found = yaml_scalars.meaning(text)
    return text if isinstance(found, float) and not math.isfinite(found) else found
