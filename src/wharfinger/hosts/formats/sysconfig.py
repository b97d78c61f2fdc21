"""
Shell assignments that somebody else keeps (`/etc/sysconfig/docker`), edited in their lines.

    line       := blank | comment | assignment | anything else, which stays as it is
    assignment := ["export" blanks] name "=" value [blanks comment]
    value      := ( plain | "'" … "'" | '"' … '"' | "\\" character )*, over more lines after a
                  backslash or within quotes

Two readers meet in these files: systemd (`EnvironmentFile=`), which for an unquoted value takes the
rest of the line, and the shell. We read what both agree on, the rest of the line for an unquoted value
as systemd does, and write only what both read alike: single quotes, or double ones around a value
that has a single quote. `$` is text, as to systemd. Of several assignments the last one counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.formats.source import CannotEdit, Source, Span

_ASSIGNMENT: Final = re.compile(r"[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=")
_PIECE: Final = re.compile(
    r"'(?P<single>[^']*)'"
    r'|"(?P<double>(?:[^"\\]|\\.)*)"'
    r"|\\(?P<escaped>\r?\n|.)"
    r"|(?P<plain>[^\s'\"\\]+)"
    r"|(?P<blanks>[ \t]+)",
    re.DOTALL,
)
_DOUBLE_ESCAPE: Final = re.compile(r"\\(\r?\n|[\"\\`$])")
_WORD: Final = re.compile(r"(?:'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.|[^\s'\"\\])+", re.DOTALL)
_PRINTABLE: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]*")


@dataclass(frozen=True, slots=True)
class Assignment:
    """`start` and `end` are those of its lines; `span` is that of the value as it is written."""

    name: str
    value: str
    start: int
    end: int
    span: Span


@dataclass(frozen=True, slots=True)
class Sysconfig:
    """A file of assignments; an edit returns another one."""

    source: Source
    assignments: tuple[Assignment, ...]

    @classmethod
    def parse(cls, content: bytes | None, name: str) -> Sysconfig:
        """Read a file, or `None` for one that is yet to be made. Raise `UnreadableFile` or
        `FileTooLarge`."""
        return cls._of(Source.read(content or b"", name))

    @classmethod
    def _of(cls, source: Source) -> Sysconfig:
        return cls(source, tuple(_assignments(source)))

    @property
    def content(self) -> bytes:
        return self.source.content

    def get(self, name: str) -> str | None:
        """The value that counts, without its quotes; `None` where nothing is assigned."""
        found = self._last(name)
        return None if found is None else found.value

    def line_of(self, name: str) -> int | None:
        found = self._last(name)
        return None if found is None else self.source.line(found.start)

    def with_value(self, name: str, value: str) -> Sysconfig:
        """Assign in the line that counts, or in a new one: below the last comment that shows the
        assignment, or at the end. Raise `CannotEdit` for a value that no quotes can hold."""
        found = self._last(name)
        if found is not None and found.value == value:
            return self
        text = quoted(value, file=self.source.name)
        if found is not None:
            edited = self.source.with_edits((found.span, text))
        else:
            edited = self.source.with_lines(self._place_for(name), [f"{name}={text}"])
        result = Sysconfig._of(edited)
        if result.get(name) != value:
            raise CannotEdit(self.source.name, f"the edited text would not assign {name}")
        return result

    def without(self, name: str) -> Sysconfig:
        """Take out the lines that assign `name`; comments stay."""
        edits = [((one.start, one.end), "") for one in self.assignments if one.name == name]
        return Sysconfig._of(self.source.with_edits(*edits)) if edits else self

    def _last(self, name: str) -> Assignment | None:
        return next((one for one in reversed(self.assignments) if one.name == name), None)

    def _place_for(self, name: str) -> int:
        shown = re.compile(rf"^[ \t]*#[ \t]*(?:export[ \t]+)?{re.escape(name)}=", re.MULTILINE)
        ends = [self.source.line_end(found.start()) for found in shown.finditer(self.source.body)]
        inside = any(one.start < ends[-1] < one.end for one in self.assignments) if ends else True
        return len(self.source.body) if inside else ends[-1]


def quoted(value: str, *, file: str) -> str:
    """A value in quotes that the shell and systemd both take off again, and expand nothing in."""
    if _PRINTABLE.fullmatch(value) is None:
        raise CannotEdit(file, "the value has a character that no line can hold")
    if "'" not in value:
        return f"'{value}'"
    return '"' + re.sub(r'(["\\`$])', r"\\\1", value) + '"'


def _assignments(source: Source) -> Iterator[Assignment]:
    at, text = 0, source.body
    while at < len(text):
        found = _ASSIGNMENT.match(text, at)
        if found is None:
            at = source.line_end(at)
            continue
        value, end = _value(source, found.end())
        line_end = source.line_end(end)
        yield Assignment(found["name"], value, at, line_end, (found.end(), end))
        at = line_end


def _value(source: Source, start: int) -> tuple[str, int]:
    """The value that begins at `start`, and where what is written of it ends."""
    parts: list[str] = []
    at = end = start
    while (piece := _PIECE.match(source.body, at)) is not None:
        if piece["plain"] and piece["plain"].startswith("#") and end < at:
            break  # a comment after a blank
        at = piece.end()
        if piece["blanks"] is None:
            parts.append(source.body[end : piece.start()] if end > start else "")
            parts.append(_meaning(piece))
            end = at
    if source.body[at : at + 1] in ("'", '"') and not _is_comment(source, end, at):
        raise source.fault("a quote is not closed", at)
    return "".join(parts), end


def _is_comment(source: Source, end: int, at: int) -> bool:
    return "#" in source.body[end:at]


def _meaning(piece: re.Match[str]) -> str:
    if piece["double"] is not None:
        return _DOUBLE_ESCAPE.sub(_unescaped, piece["double"])
    if piece["escaped"] is not None:
        return "" if piece["escaped"].endswith("\n") else piece["escaped"]
    return piece["plain"] if piece["plain"] is not None else piece["single"]


def _unescaped(escape: re.Match[str]) -> str:
    return "" if escape[1].endswith("\n") else escape[1]


# Flags within a value


def flags(value: str, flag: str) -> tuple[str, ...]:
    """What a repeated flag is given in a value: `--add-registry a --add-registry=b` has a and b."""
    return tuple(argument for _, argument in _flags(value, flag))


def with_flags(value: str, flag: str, arguments: Sequence[str]) -> str:
    """The value with the flag given for each of `arguments`, in order, and all else as it was.

    Arguments are words: the callers' come from grammars that have no blank and no quote.
    """
    if flags(value, flag) == tuple(arguments):
        return value
    kept = value
    for (start, end), _ in reversed(list(_flags(value, flag))):
        before, after = kept[:start].rstrip(), kept[end:].lstrip()
        kept = f"{before} {after}" if before and after else before + after
    return " ".join(filter(None, [kept, *(f"{flag} {argument}" for argument in arguments)]))


def _flags(value: str, flag: str) -> Iterator[tuple[Span, str]]:
    words = list(_WORD.finditer(value))
    for index, word in enumerate(words):
        text = _bare(word[0])
        if text.startswith(f"{flag}="):
            yield word.span(), text[len(flag) + 1 :]
        elif text == flag and index + 1 < len(words):
            following = words[index + 1]
            yield (word.start(), following.end()), _bare(following[0])


def _bare(word: str) -> str:
    """A word without its quotes."""
    return "".join(_meaning(piece) for piece in _PIECE.finditer(word))
