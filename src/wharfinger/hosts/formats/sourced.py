"""
Settings that a program gets by having a shell read its file, read without a shell.

    file   := [ statement [ ";" ] ] { newline | statement [ ";" ] }
    statement := [ "export" ] NAME "=" value { blanks NAME "=" value } [ blanks comment ]
    value  := ( plain | "\\" character | "'" … "'" | '"' … '"' )*

Only what a shell and we read alike: no parameter, command or tilde is expanded, and nothing is run.
What would need that is refused with its line, since to leave it out would mean another setting than
the shell's. `sysconfig` reads the same kind of file as systemd does, and edits it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.formats.source import Source

_GAP: Final = re.compile(r"(?:[ \t]|\\\n)+")
_COMMENT: Final = re.compile(r"#[^\n]*")
_EXPORT: Final = re.compile(r"export(?=[ \t])")
_NAME: Final = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)=")
_PIECE: Final = re.compile(
    r"'(?P<single>[^']*)'"
    r'|"(?P<double>(?:[^"\\$`]|\\.)*)"'
    r"|\\(?P<escaped>.)"
    r"|(?P<plain>(?:[^\s'\"\\$`~;&|<>()]|(?<![=:])~)+)",
    re.DOTALL,
)
_DOUBLE_ESCAPE: Final = re.compile(r"\\([\n\"\\`$])")
_REASONS: Final = {
    "$": "a variable would have to be expanded",
    "`": "a command would have to be run",
    "~": "a home directory would have to be expanded",
    "'": "a quote is not closed",
    "\r": "a carriage return ends the line",
}


@dataclass(frozen=True, slots=True)
class Sourced:
    """What a name is given in the end, and the line that gives it."""

    value: str
    line: int


def read(content: bytes, name: str) -> dict[str, Sourced]:
    """Of several assignments the last one counts. Raise `UnreadableFile` or `FileTooLarge`."""
    return dict(_assignments(Source.read(content, name)))


def _assignments(source: Source) -> Iterator[tuple[str, Sourced]]:
    at, text, begins = 0, source.body, True
    while at < len(text):
        if (skipped := _GAP.match(text, at) or _COMMENT.match(text, at)) is not None:
            at = skipped.end()
        elif text[at] == "\n" or (text[at] == ";" and not begins):
            at, begins = at + 1, True
        elif begins and (export := _EXPORT.match(text, at)) is not None:
            at, begins = export.end(), False
        elif (found := _NAME.match(text, at)) is not None:
            value, end = _value(source, found.end())
            yield found["name"], Sourced(value, source.line(at))
            at, begins = end, False
        else:
            reason = _REASONS.get(text[at], "it is no assignment")
            raise source.fault(reason, at)


def _value(source: Source, start: int) -> tuple[str, int]:
    parts: list[str] = []
    at = start
    while (piece := _PIECE.match(source.body, at)) is not None:
        parts.append(_meaning(piece))
        at = piece.end()
    following = source.body[at : at + 1]
    if following and following not in " \t\n;":
        raise source.fault(_why_not(source.body, at), at)
    return "".join(parts), at


def _meaning(piece: re.Match[str]) -> str:
    if piece["double"] is not None:
        return _DOUBLE_ESCAPE.sub(lambda escape: escape[1].strip("\n"), piece["double"])
    if piece["escaped"] is not None:
        return piece["escaped"].strip("\n")
    return piece["plain"] if piece["plain"] is not None else piece["single"]


def _why_not(text: str, at: int) -> str:
    """Why the value cannot go on here."""
    if text[at] == '"':
        stop = re.compile(r'(?:[^"\\$`]|\\.)*', re.DOTALL).match(text, at + 1)
        inner = text[stop.end() : stop.end() + 1] if stop is not None else ""
        return _REASONS.get(inner, "a quote is not closed")
    return _REASONS.get(text[at], f"{text[at]!r} is for a shell to act on")
