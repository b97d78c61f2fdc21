"""
TOML that somebody else keeps (`registries.conf`, `hosts.toml`, `config.toml`, `crio.conf`), edited in
its lines.

The standard library reads and judges the file, and `toml_layout` finds where each table and each key
stands in it. An edit replaces the text of one value, or adds or takes out lines. What it made is read
again and has to mean exactly what was asked for, so that no odd spelling of a table can be edited
wrongly: it is refused.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wharfinger.hosts.formats import arrays, places, toml_layout
from wharfinger.hosts.formats.source import (
    DEPTH_LIMIT,
    CannotEdit,
    FileTooLarge,
    Keys,
    Source,
    UnreadableFile,
)
from wharfinger.hosts.formats.toml_layout import Statement

_PLACE: Final = re.compile(
    r"(?P<reason>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|.*)\)"
)
# A key of very many parts is refused before the reader sees it: its work grows with their square.
_LONG_KEY: Final = re.compile(
    r"""(?<![A-Za-z0-9_-])(?:(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*)"""
    f"{{{DEPTH_LIMIT}}}"
)
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class TomlText:
    """A TOML file; an edit returns another one."""

    source: Source
    value: dict[str, Any]
    """What the file says. It is the caller's to read and not to change."""
    _statements: tuple[Statement, ...]
    _values: Mapping[Keys, Statement]
    """The statements that have a value, by its place."""
    _starts: Mapping[Keys, int]
    """Where the first statement starts that is at a place or below it."""

    @classmethod
    def parse(cls, content: bytes | None, name: str) -> TomlText:
        """Read a file, or `None` for one that is yet to be made. Raise `UnreadableFile` or
        `FileTooLarge`."""
        return cls._of(Source.read(content or b"", name))

    @classmethod
    def _of(cls, source: Source) -> TomlText:
        value = _loaded(source)
        statements = tuple(toml_layout.statements(source.body))
        starts: dict[Keys, int] = {}
        for one in statements:
            for length in range(1, len(one.keys) + 1):
                starts.setdefault(one.keys[:length], one.start)
        return cls(
            source, value, statements, {one.keys: one for one in statements if one.value}, starts
        )

    @property
    def content(self) -> bytes:
        return self.source.content

    def get(self, *keys: str | int) -> Any:
        """The value at a place, `None` where nothing stands."""
        return places.at(self.value, keys)

    def line_of(self, *keys: str | int) -> int | None:
        """The line, counted from one, of the statement that a value comes from: its own, that of
        what it stands in, or the first of what stands in it."""
        if self.get(*keys) is None:
            return None
        if (start := self._starts.get(keys)) is not None:
            return self.source.line(start)
        holder = self._holder(keys)
        return None if holder is None else self._item_line(holder, keys)

    def with_value(self, keys: Keys, value: Any) -> TomlText:
        """Set the key at `keys`, making the tables above it. Raise `CannotEdit` where that cannot be
        written in this file."""
        if places.same(self.get(*keys), value):
            return self
        wanted = places.with_value(self.source.name, self.value, keys, value)
        return self._checked(self._set(keys, value), wanted)

    def without(self, keys: Keys) -> TomlText:
        """Take out all that stands at `keys`, tables below it too; what is not there stays so."""
        if self.get(*keys) is None:
            return self
        wanted = places.without(self.value, keys)
        gone = [one for one in self._statements if _begins(one.keys, keys)]
        if gone:
            source = self.source.with_edits(*(((one.start, one.end), "") for one in gone))
            return self._checked(source, wanted, empty_tables=True)
        holder = self._holder(keys)
        if holder is None or holder.keys == keys:
            raise CannotEdit(self.source.name, f"{_dotted(keys)} is written in an unusual way")
        return self.with_value(holder.keys, places.at(wanted, holder.keys))

    def _item_line(self, holder: Statement, keys: Keys) -> int:
        """The line of an item in a list that stands over several lines."""
        assert holder.value is not None
        index = keys[len(holder.keys)]
        items = toml_layout.items_at(self.source.body, holder.value)
        if isinstance(index, int) and index < len(items):
            return self.source.line(items[index][0])
        return self.source.line(holder.start)

    def _holder(self, keys: Keys) -> Statement | None:
        """The key whose value holds that at `keys`: itself, or an inline table above it."""
        prefixes = (keys[:length] for length in range(len(keys), 0, -1))
        return next((self._values[one] for one in prefixes if one in self._values), None)

    def _checked(self, source: Source, wanted: Any, *, empty_tables: bool = False) -> TomlText:
        try:
            edited = TomlText._of(source)
        except UnreadableFile as error:
            raise CannotEdit(
                source.name, f"the format has no place for it ({error.reason})"
            ) from None
        same = places.same(edited.value, wanted)
        if not same and empty_tables:
            # A table that existed only through what stood in it is gone with it.
            same = places.same(_without_empty(edited.value), _without_empty(wanted))
        if not same:
            raise CannotEdit(source.name, "the edited text would not say what is wanted")
        return edited

    def _set(self, keys: Keys, value: Any) -> Source:
        holder = self._holder(keys)
        if holder is not None:
            if holder.keys != keys:
                wanted = places.with_value(self.source.name, self.value, keys, value)
                keys, value = holder.keys, places.at(wanted, holder.keys)
            return self._replaced(holder, value)
        return self._added(keys, value)

    def _replaced(self, statement: Statement, value: Any) -> Source:
        assert statement.value is not None
        old = self.get(*statement.keys)
        if isinstance(old, list) and isinstance(value, list):
            items = toml_layout.items_at(self.source.body, statement.value)
            edited = arrays.edited(self.source, items, old, value, literal)
            if edited is not None:
                return edited
        start, end = statement.value
        text = literal(value)
        if isinstance(value, list) and value and "\n" in self.source.body[start:end]:
            indent, newline = self.source.indent(start), self.source.newline
            items_text = "".join(f"{indent}    {literal(item)},{newline}" for item in value)
            text = f"[{newline}{items_text}{indent}]"
        return self.source.with_edits(((start, end), text))

    def _added(self, keys: Keys, value: Any) -> Source:
        """A new key: in its table if that has a header or keys, at the end in a new one if not."""
        table, key = keys[:-1], keys[-1]
        assert isinstance(key, str)
        in_table = [one for one in self._statements if one.table == table]
        line = f"{_key(key)} = {literal(value)}"
        if in_table:
            last = in_table[-1]
            indent = self._key_indent(in_table)
            return self.source.with_lines(last.end, [indent + line])
        if not table:
            return self._first(line)
        beside = [
            one
            for one in self._statements
            if one.value and _begins(one.keys, table) and len(one.table) < len(table)
        ]
        if beside:  # the table is written with dotted keys
            last = beside[-1]
            head = _dotted(last.keys[len(last.table) : len(table)])
            indent = self.source.indent(last.start)
            return self.source.with_lines(last.end, [f"{indent}{head}.{line}"])
        return self._appended([f"[{_dotted(table)}]", line])

    def _key_indent(self, in_table: list[Statement]) -> str:
        keys = [one for one in in_table if one.value]
        return self.source.indent((keys or in_table)[-1].start)

    def _first(self, line: str) -> Source:
        """A key of no table stands before all tables, and after the comment that opens the file."""
        if not self._statements:
            return self.source.with_lines(len(self.source.body), [line])
        return self.source.with_lines(self._before_comments(self._statements[0].start), [line, ""])

    def _before_comments(self, start: int) -> int:
        """The start of the comment that stands right above a statement."""
        while start:
            above = self.source.line_start(start - 1)
            if not self.source.body[above:start].lstrip().startswith("#"):
                return start
            start = above
        return start

    def _appended(self, lines: list[str]) -> Source:
        body = self.source.body
        gap = [""] if body.strip() and not body.endswith(("\n\n", "\n\r\n")) else []
        return self.source.with_lines(len(body), [*gap, *lines])


def literal(value: Any) -> str:
    """A value on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case int() | float():
            return repr(value)
        case list() | tuple():
            return f"[{', '.join(map(literal, value))}]"
        case Mapping():
            pairs = (f"{_key(key)} = {literal(inner)}" for key, inner in value.items())
            return f"{{ {', '.join(pairs)} }}" if value else "{}"
    raise TypeError(f"no TOML value: {type(value).__name__}")


def render(document: Mapping[str, Any]) -> str:
    """A new document: keys first, then tables, lists of tables as `[[…]]`."""
    return "\n".join(_rendered(document, ())).lstrip("\n") + "\n"


def _rendered(table: Mapping[str, Any], place: Keys) -> Iterator[str]:
    tables = {key: inner for key, inner in table.items() if _is_table(inner)}
    yield from (f"{_key(key)} = {literal(v)}" for key, v in table.items() if key not in tables)
    for key, inner in tables.items():
        below = (*place, key)
        if isinstance(inner, Mapping):
            if not inner or any(not _is_table(deeper) for deeper in inner.values()):
                yield from ("", f"[{_dotted(below)}]")
            yield from _rendered(inner, below)
        else:
            for one in inner:
                yield from ("", f"[[{_dotted(below)}]]")
                yield from _rendered(one, below)


def _is_table(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and all(isinstance(one, Mapping) for one in value)
    return isinstance(value, Mapping)


def _loaded(source: Source) -> dict[str, Any]:
    if _LONG_KEY.search(source.body):
        raise FileTooLarge(source.name, _TOO_DEEP)
    try:
        value = tomllib.loads(source.body)
    except RecursionError:
        raise FileTooLarge(source.name, _TOO_DEEP) from None
    except ValueError as error:
        raise _fault(source, str(error)) from None
    _require_depth(source, value)
    return value


_TOO_DEEP: Final = f"it is nested more than {DEPTH_LIMIT} levels deep"


def _fault(source: Source, message: str) -> UnreadableFile:
    found = _PLACE.fullmatch(message)
    if found is None:
        return UnreadableFile(source.name, message[:200])
    if found["line"] is None:  # "at end of document"
        return UnreadableFile(
            source.name, found["reason"][:200], line=source.line(len(source.body))
        )
    line, column = int(found["line"]), int(found["column"])
    return UnreadableFile(source.name, found["reason"][:200], line=line, column=column)


def _require_depth(source: Source, value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEPTH_LIMIT:
            raise FileTooLarge(source.name, _TOO_DEEP)
        level = [
            part
            for node in level
            for part in (node.values() if isinstance(node, dict) else node)
            if isinstance(part, (dict, list))
        ]


def _text(value: str) -> str:
    # JSON escapes what TOML asks to be escaped, but for DEL, and knows no other escapes.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str | int) -> str:
    text = str(name)
    return text if _BARE.fullmatch(text) else _text(text)


def _dotted(keys: Keys) -> str:
    return ".".join(_key(key) for key in keys if isinstance(key, str))


def _begins(keys: Keys, with_these: Keys) -> bool:
    return keys[: len(with_these)] == with_these


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        inner = {key: _without_empty(part) for key, part in value.items()}
        return {key: part for key, part in inner.items() if part not in ({}, [])}
    if isinstance(value, list):
        return [_without_empty(part) for part in value]
    return value
