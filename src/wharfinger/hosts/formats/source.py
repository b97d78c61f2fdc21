"""
The text of somebody else's file: decoded within limits, and put back byte for byte.

Every format here starts with a `Source` and ends with one. It knows the byte order mark and the line
ends of the file, and where an offset stands as line and column, so that an error or an explanation
can point there. What is no text (a NUL, bytes that are not UTF-8) is refused before any parser runs.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from wharfinger.errors import BadInput, TooLarge, Unsupported

SIZE_LIMIT: Final = 256 * 1024
"""Bytes of a file; real ones have a tenth, and a full one is read within seconds."""

DEPTH_LIMIT: Final = 32
"""How deep objects, tables and lists may nest; real files need less than ten."""

Keys = tuple[str | int, ...]
"""Where a value stands in a document: keys of objects, and indexes of lists."""

Span = tuple[int, int]

_BOM: Final = "\ufeff"
_END_OF_LINE: Final = re.compile(r"\r?\n")


class UnreadableFile(BadInput):
    """A file that its format does not allow; `line` counts from one, where the place is known."""

    code = "unreadable-file"

    def __init__(
        self, name: str, reason: str, *, line: int | None = None, column: int | None = None
    ) -> None:
        place = "" if line is None else f" at line {line}"
        place += "" if column is None else f", column {column}"
        super().__init__(
            f"cannot read {name}: {reason}{place}",
            remedy="correct the file by hand; nothing was changed",
        )
        self.name, self.reason, self.line, self.column = name, reason, line, column


class FileTooLarge(TooLarge):
    code = "file-too-large"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"cannot read {name}: {reason}",
            remedy="look at what the file is; no tool writes one like it",
        )
        self.name = name


class CannotEdit(Unsupported):
    """The file is good, but no edit of its lines alone brings it to what is wanted."""

    code = "cannot-edit-file"

    def __init__(self, name: str, reason: str, *, remedy: str | None = None) -> None:
        super().__init__(
            f"cannot edit {name}: {reason}",
            remedy=remedy or "make the change by hand, or write the file in a plainer way",
        )
        self.name = name


@dataclass(frozen=True, slots=True)
class Source:
    """`name` is the path that messages give; `body` is the text after the byte order mark."""

    name: str
    body: str
    bom: bool = False

    @classmethod
    def read(cls, content: bytes, name: str, *, limit: int = SIZE_LIMIT) -> Source:
        """Raise `FileTooLarge` over `limit` bytes and `UnreadableFile` for what is no text."""
        if len(content) > limit:
            raise FileTooLarge(name, f"it has {len(content)} bytes, and {limit} are the most")
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            raise UnreadableFile(
                name, "it is not UTF-8", line=content.count(b"\n", 0, error.start) + 1
            ) from None
        bom = text.startswith(_BOM)
        source = cls(name, text[1:] if bom else text, bom)
        if (nul := source.body.find("\0")) >= 0:
            raise source.fault("a NUL stands in it", nul)
        return source

    @property
    def content(self) -> bytes:
        return ((_BOM if self.bom else "") + self.body).encode()

    @property
    def newline(self) -> str:
        """How the first line of the file ends, and so what new lines end with."""
        found = _END_OF_LINE.search(self.body)
        return "\n" if found is None else found[0]

    def line(self, offset: int) -> int:
        return bisect_right(_line_starts(self.body), offset)

    def fault(self, reason: str, offset: int) -> UnreadableFile:
        column = offset - self.line_start(offset) + 1
        return UnreadableFile(self.name, reason, line=self.line(offset), column=column)

    def line_start(self, offset: int) -> int:
        return self.body.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """Where the line after that of `offset` starts."""
        end = self.body.find("\n", offset)
        return len(self.body) if end < 0 else end + 1

    def indent(self, offset: int) -> str:
        """The white space that the line of `offset` begins with."""
        start = self.line_start(offset)
        found = re.compile(r"[ \t]*").match(self.body, start)
        return "" if found is None else found[0]

    def with_edits(self, *edits: tuple[Span, str]) -> Source:
        """Replace spans that do not overlap."""
        body = self.body
        for (start, end), text in sorted(edits, reverse=True):
            body = body[:start] + text + body[end:]
        return replace(self, body=body)

    def with_lines(self, offset: int, lines: Iterable[str]) -> Source:
        """Put whole lines at the start of a line, or at the end of a file that may lack its last
        line end."""
        newline = self.newline
        text = "".join(line + newline for line in lines)
        if offset and not self.body[:offset].endswith("\n"):
            text = newline + text
        return self.with_edits(((offset, offset), text))


@lru_cache(maxsize=16)
def _line_starts(body: str) -> list[int]:
    """Remembered, since whoever asks for the line of one value asks for those of all."""
    return [0, *(found.end() for found in re.finditer("\n", body))]
