"""
JSON that somebody else keeps (`daemon.json`, `policy.json`), edited in place.

RFC 8259 with what the tools that read these files add: a byte order mark may stand first, and a file
without any value is an empty object. Each value is remembered with its place in the text, so an edit
replaces the text of one value, or puts in or takes out one member, and all else stays: order, odd
spacing, the end of the file. A key that stands twice in one object is refused, since readers differ
on which one counts. What an edit made is read again and has to mean exactly what was asked for.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.hosts.formats import arrays, places
from wharfinger.hosts.formats.source import (
    DEPTH_LIMIT,
    CannotEdit,
    Keys,
    Source,
)

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_STRING: Final = re.compile(
    r'"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"'
)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD: Final = re.compile(r"true|false|null")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_INDENTED_KEY: Final = re.compile(r'^([ \t]+)"', re.MULTILINE)
_DIGITS: Final = 40
_UNIT: Final = "    "
_LINE: Final = 80


@dataclass(frozen=True, slots=True)
class _Node:
    """A value and where its text starts and ends. `parts` are the values in an object or a list;
    `keys` says beside each part of an object its key and where that starts.
    """

    value: Any
    start: int
    end: int
    parts: tuple[_Node, ...] = ()
    keys: tuple[tuple[str, int], ...] = ()

    def part(self, key: str | int) -> int | None:
        """Which part `key` names."""
        if isinstance(key, int):
            found = isinstance(self.value, list) and 0 <= key < len(self.parts)
            return key if found else None
        names = [name for name, _ in self.keys]
        return names.index(key) if key in names else None

    def begin(self, index: int) -> int:
        return self.keys[index][1] if self.keys else self.parts[index].start


@dataclass(frozen=True, slots=True)
class JsonText:
    """A JSON file; an edit returns another one."""

    source: Source
    _root: _Node | None

    @classmethod
    def parse(cls, content: bytes | None, name: str) -> JsonText:
        """Read a file, or `None` for one that is yet to be made. Raise `UnreadableFile` or
        `FileTooLarge`."""
        return cls._of(Source.read(content or b"", name))

    @classmethod
    def _of(cls, source: Source) -> JsonText:
        return cls(source, _Reader(source).document())

    @property
    def content(self) -> bytes:
        return self.source.content

    @property
    def value(self) -> Any:
        """What the file says. It is the caller's to read and not to change."""
        return {} if self._root is None else self._root.value

    def get(self, *keys: str | int) -> Any:
        """The value at a place, `None` where nothing stands."""
        node = self._find(keys)
        return None if node is None else node.value

    def line_of(self, *keys: str | int) -> int | None:
        """The line where a member or an item starts, counted from one."""
        holder = self._find(keys[:-1]) if keys else None
        index = None if holder is None else holder.part(keys[-1])
        if holder is None or index is None:
            return None
        return self.source.line(holder.begin(index))

    def with_value(self, keys: Keys, value: Any) -> JsonText:
        """Set the member at `keys`, making the objects above it. Raise `CannotEdit` where one of
        these is no object."""
        old = self._find(keys)
        if old is not None and places.same(old.value, value):
            return self
        wanted = places.with_value(self.source.name, self.value, keys, value)
        edited = self._set(keys, value) if old is None else self._replace(old, value)
        return self._checked(edited, wanted)

    def without(self, keys: Keys) -> JsonText:
        """Take the member at `keys` out, with its comma; what is not there stays so."""
        holder = self._find(keys[:-1])
        index = None if holder is None else holder.part(keys[-1])
        if holder is None or index is None:
            return self
        wanted = places.without(self.value, keys)
        return self._checked(self._removed(holder, index), wanted)

    def _find(self, keys: Keys) -> _Node | None:
        node = self._root
        for key in keys:
            index = None if node is None else node.part(key)
            if node is None or index is None:
                return None
            node = node.parts[index]
        return node

    def _checked(self, source: Source, wanted: Any) -> JsonText:
        edited = JsonText._of(source)
        if not places.same(edited.value, wanted):
            raise CannotEdit(source.name, "the edited text would not say what is wanted")
        return edited

    def _replace(self, old: _Node, value: Any) -> Source:
        if isinstance(old.value, list) and isinstance(value, list):
            spans = [(part.start, part.end) for part in old.parts]
            in_place = arrays.edited(self.source, spans, old.value, value, _flat)
            if in_place is not None:
                return in_place
        text = self._rendered(
            value, old.start, spread="\n" in self.source.body[old.start : old.end]
        )
        return self.source.with_edits(((old.start, old.end), text))

    def _set(self, keys: Keys, value: Any) -> Source:
        depth = next(
            n for n in range(len(keys), -1, -1) if n == 0 or self._find(keys[:n]) is not None
        )
        holder = self._find(keys[:depth])
        for key in reversed(keys[depth + 1 :]):
            value = {key: value}
        key = keys[depth]
        if holder is None:
            newline = self.source.newline
            text = "".join(line + newline for line in _lines({key: value}, _UNIT))
            return self.source.with_edits(((0, len(self.source.body)), text))
        return self._inserted(holder, f"{_flat(key)}: ", value)

    def _inserted(self, holder: _Node, head: str, value: Any) -> Source:
        source = self.source
        if not holder.parts:
            indent = source.indent(holder.start)
            text = self._rendered(value, holder.start, deeper=1)
            line = f"{source.newline}{indent}{self._unit}{head}{text}{source.newline}{indent}"
            return source.with_edits(((holder.start + 1, holder.end - 1), line))
        last = len(holder.parts) - 1
        end, begin = holder.parts[last].end, holder.begin(last)
        if source.body[source.line_start(begin) : begin].strip():
            comma = ", " if " " in source.body else ","
            return source.with_edits(((end, end), f"{comma}{head}{_flat(value)}"))
        line = f",{source.newline}{source.indent(begin)}{head}{self._rendered(value, begin)}"
        return source.with_edits(((end, end), line))

    def _removed(self, holder: _Node, index: int) -> Source:
        begins = [holder.begin(n) for n in range(len(holder.parts))]
        if len(begins) == 1:
            span = (holder.start + 1, holder.end - 1)
        elif index + 1 < len(begins):
            span = (begins[index], begins[index + 1])
        else:
            span = (holder.parts[index - 1].end, holder.parts[index].end)
        return self.source.with_edits((span, ""))

    @property
    def _unit(self) -> str:
        """By what this file indents."""
        found = _INDENTED_KEY.search(self.source.body)
        return _UNIT if found is None else found[1]

    def _rendered(self, value: Any, offset: int, *, deeper: int = 0, spread: bool = False) -> str:
        """A value as text that starts on the line of `offset`, or `deeper` levels below it."""
        indent = self.source.indent(offset) + self._unit * deeper
        lines = _lines(value, self._unit, spread=spread)
        return f"{self.source.newline}{indent}".join(lines)


class _Reader:
    """One pass over a text. Depth is bounded, so recursion is."""

    def __init__(self, source: Source) -> None:
        self._source, self._text = source, source.body

    def document(self) -> _Node | None:
        at = self._skip(0)
        if at == len(self._text):
            return None
        root = self._value(at, 0)
        if (end := self._skip(root.end)) != len(self._text):
            raise self._source.fault("something follows the end of the document", end)
        return root

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return at if found is None else found.end()

    def _value(self, at: int, depth: int) -> _Node:
        if depth > DEPTH_LIMIT:
            raise self._source.fault(f"it is nested more than {DEPTH_LIMIT} levels deep", at)
        match self._text[at : at + 1]:
            case "{":
                return self._object(at, depth)
            case "[":
                return self._list(at, depth)
            case '"':
                return self._string(at)
        return self._scalar(at)

    def _object(self, start: int, depth: int) -> _Node:
        keys: dict[str, int] = {}
        parts: list[_Node] = []
        at = self._skip(start + 1)
        while self._text[at : at + 1] != "}" or parts:
            key = self._string(at)
            if key.value in keys:
                raise self._source.fault(f"the key {key.value[:80]!r} stands twice", at)
            keys[key.value] = at
            at = self._expect(":", self._skip(key.end))
            parts.append(self._value(self._skip(at), depth + 1))
            at = self._skip(parts[-1].end)
            if self._text[at : at + 1] == "}":
                break
            at = self._skip(self._expect(",", at))
        value = dict(zip(keys, (part.value for part in parts), strict=True))
        return _Node(value, start, at + 1, tuple(parts), tuple(keys.items()))

    def _list(self, start: int, depth: int) -> _Node:
        parts: list[_Node] = []
        at = self._skip(start + 1)
        while self._text[at : at + 1] != "]" or parts:
            parts.append(self._value(at, depth + 1))
            at = self._skip(parts[-1].end)
            if self._text[at : at + 1] == "]":
                break
            at = self._skip(self._expect(",", at))
        return _Node([part.value for part in parts], start, at + 1, tuple(parts))

    def _expect(self, mark: str, at: int) -> int:
        if self._text[at : at + 1] != mark:
            raise self._source.fault(f"a {mark!r} should stand here", at)
        return at + 1

    def _string(self, at: int) -> _Node:
        found = _STRING.match(self._text, at)
        if found is None:
            raise self._source.fault("a string should stand here", at)
        value = json.loads(found[0])
        if _SURROGATE.search(value):
            raise self._source.fault("a string holds half of a surrogate pair", at)
        return _Node(value, at, found.end())

    def _scalar(self, at: int) -> _Node:
        found = _WORD.match(self._text, at) or _NUMBER.match(self._text, at)
        if found is None:
            raise self._source.fault("a value should stand here", at)
        if len(found[0]) > _DIGITS:
            raise self._source.fault(f"a number has more than {_DIGITS} digits", at)
        return _Node(json.loads(found[0]), at, found.end())


def render(value: Any) -> bytes:
    """A new file that is ours."""
    return "".join(f"{line}\n" for line in _lines(value, _UNIT)).encode()


def _flat(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lines(value: Any, unit: str, *, spread: bool = False) -> list[str]:
    """An object over several lines; a list on one, if it fits and did not stand on several."""
    if not value or not isinstance(value, (dict, list)):
        return [_flat(value)]
    if isinstance(value, list) and not spread and len(flat := _flat(value)) <= _LINE:
        return [flat]
    heads = [f"{_flat(key)}: " for key in value] if isinstance(value, dict) else [""] * len(value)
    parts = value.values() if isinstance(value, dict) else value
    opened, closed = "{}" if isinstance(value, dict) else "[]"
    inner: list[str] = []
    for head, part in zip(heads, parts, strict=True):
        first, *rest = _lines(part, unit)
        inner += [head + first, *rest]
        inner[-1] += ","
    inner[-1] = inner[-1][:-1]
    return [opened, *(unit + line for line in inner), closed]
