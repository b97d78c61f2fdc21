"""
Where each table and each key of a TOML text stands, which the reader of the standard library does not
tell. The text is known to be good: that reader has taken it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from wharfinger.hosts.formats.source import Keys, Span

_BASIC: Final = r'"""(?:[^\\]|\\.)*?"{3,5}|"(?:[^"\\\n]|\\.)*"'
_LITERAL: Final = r"'''.*?'{3,5}|'[^'\n]*'"
_TOKEN: Final = re.compile(
    rf"{_BASIC}|{_LITERAL}|(?P<comment>#[^\n]*)|[^\"'#\[\]{{}},\n]+|.", re.DOTALL
)
_PART: Final = re.compile(
    r"[ \t]*(?:(?P<bare>[A-Za-z0-9_-]+)|(?P<quoted>\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'))[ \t]*"
)
_BLANK: Final = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)")


@dataclass(frozen=True, slots=True)
class Statement:
    """A header or a key with its value. `start` and `end` are those of its lines; `keys` is its full
    place, with the index of each table in a list of tables. A header has no `value`.
    """

    keys: Keys
    start: int
    end: int
    table: Keys
    value: Span | None = None


def statements(text: str) -> Iterator[Statement]:
    """The headers and keys, in their order."""
    table: Keys = ()
    counts: dict[Keys, int] = {}
    at = 0
    while at < len(text):
        if (blank := _BLANK.match(text, at)) and blank.end() > at:
            at = blank.end()
            continue
        start, at = at, _skip_blanks(text, at)
        brackets = 2 if text.startswith("[[", at) else int(text.startswith("[", at))
        names, at = _names(text, at + brackets)
        if brackets:
            keys = _indexed(names, counts, is_list=brackets == 2)
            table, value = keys, None
            at += brackets
        else:
            first = _skip_blanks(text, at + 1)
            at = _value_end(text, first)
            keys, value = (*table, *names), (first, at)
        end = text.find("\n", at) + 1 or len(text)
        yield Statement(keys, start, end, table, value)
        at = end


def _skip_blanks(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t"):
        at += 1
    return at


def _names(text: str, at: int) -> tuple[Keys, int]:
    names: list[str] = []
    while (part := _PART.match(text, at)) is not None:
        names.append(part["bare"] or _decoded(part["quoted"]))
        at = part.end()
        if text[at : at + 1] != ".":
            break
        at += 1
    return tuple(names), at


def _decoded(quoted: str) -> str:
    name: str = tomllib.loads(f"name = {quoted}")["name"]
    return name


def _indexed(names: Keys, counts: dict[Keys, int], *, is_list: bool) -> Keys:
    """The full place of a header: lists of tables above it mean their last one."""
    keys: Keys = ()
    for depth, name in enumerate(names, 1):
        keys = (*keys, name)
        if is_list and depth == len(names):
            counts[keys] = counts.get(keys, -1) + 1
        if keys in counts:
            keys = (*keys, counts[keys])
    return keys


def _value_end(text: str, at: int) -> int:
    """Where a value ends that starts at `at`: its line, or the bracket that closes it."""
    depth, end = 0, at
    for token in _TOKEN.finditer(text, at):
        first = token[0][0]
        if depth == 0 and (token["comment"] or first in "\r\n"):
            break
        depth += (first in "[{") - (first in "]}") if len(token[0]) == 1 else 0
        if token[0].strip() and not token["comment"]:
            end = at + len(text[at : token.end()].rstrip()) if depth == 0 else token.end()
    return end


@lru_cache(maxsize=16)
def items_at(text: str, span: Span) -> list[Span]:
    """The items of a list, or the pairs of an inline table, at `span`.

    Remembered, since whoever asks for the line of one item asks for those of all.
    """
    items: list[Span] = []
    depth, start, end = 0, -1, -1
    for token in _TOKEN.finditer(text, span[0], span[1]):
        single = token[0] if len(token[0]) == 1 else ""
        closes = single in ("]", "}")
        depth -= closes
        if depth == 0 or (depth == 1 and single == ","):
            if start >= 0:
                items.append((start, end))
            start = -1
        elif token[0].strip() and not token["comment"]:
            lead = len(token[0]) - len(token[0].lstrip())
            start = token.start() + lead if start < 0 else start
            end = token.start() + len(token[0].rstrip())
        depth += single in ("[", "{")
    return items
