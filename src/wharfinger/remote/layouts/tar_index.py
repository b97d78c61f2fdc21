"""
Where the members of a tar archive stand, without unpacking any.

Only headers are read, and names that stand in members of their own (POSIX `path`, `linkpath`, `size`;
GNU long names) up to a limit: what an archive claims costs us no memory. A name that comes twice means
one thing to who reads the first and another to who unpacks all, so it means nothing here.

https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Final

BLOCK: Final = 512
MEMBER_LIMIT: Final = 100_000
NAMES_LIMIT: Final = 64 * 1024
"""Bytes that one member with the name of another may have."""
_LINKS: Final = 4
_REGULAR: Final = frozenset({b"0", b"\0", b"7"})
_LINK: Final = frozenset({b"1", b"2"})
_HARD_LINK: Final = b"1"
_GNU_NAME: Final = b"L"
_GNU_LINK: Final = b"K"
_PAX: Final = b"x"
_PAX_GLOBAL: Final = b"g"


class InvalidTar(ValueError):
    """`args[0]` says what is wrong."""


@dataclass(frozen=True, slots=True)
class Member:
    offset: int
    size: int


@dataclass(slots=True)
class TarIndex:
    """Members by name, as paths without `./` and `..`."""

    members: dict[str, Member] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)

    def find(self, name: str) -> Member | None:
        """The file of this name, through a few links within the archive. Raise `InvalidTar`."""
        name = posixpath.normpath(name)
        for _ in range(_LINKS):
            if name in self.twice:
                raise InvalidTar(f"it has {name[:200]!r} twice")
            if name not in self.links:
                return self.members.get(name)
            name = self.links[name]
        raise InvalidTar("its links lead on and on")


@dataclass(slots=True)
class _Told:
    """What members with names say of the one that follows."""

    name: str | None = None
    link: str | None = None
    size: int | None = None


def read(file: BinaryIO) -> TarIndex:
    """Go through the headers of a file. Raise `InvalidTar`."""
    index, told, end = TarIndex(), _Told(), _length(file)
    offset = 0
    for _ in range(MEMBER_LIMIT):
        file.seek(offset)
        header = file.read(BLOCK)
        if not header.strip(b"\0"):
            return index
        _require_header(header)
        kind, size = header[156:157], told.size
        if size is None or kind in (_PAX, _GNU_NAME, _GNU_LINK):
            size = _number(header[124:136])
        start = offset + BLOCK
        if start + size > end:
            raise InvalidTar("it ends in the middle of a file")
        offset = start + -(-size // BLOCK) * BLOCK
        if kind in (_PAX, _GNU_NAME, _GNU_LINK):
            _hear(kind, _small(file, size), told)
        elif kind != _PAX_GLOBAL:
            _add(index, header, kind, Member(start, size), told)
            told = _Told()
    raise InvalidTar(f"it has more than {MEMBER_LIMIT} members")


def _length(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _require_header(header: bytes) -> None:
    if len(header) != BLOCK:
        raise InvalidTar("it ends in the middle of a header")
    found = sum(header) - sum(header[148:156]) + 8 * ord(" ")
    if _number(header[148:156]) != found:
        raise InvalidTar("it is no tar archive, or damaged")


def _number(digits: bytes) -> int:
    """An octal number, or what GNU writes for larger ones."""
    if digits[0] == 0x80:
        return int.from_bytes(digits[1:])
    digits = digits.strip(b" \0")
    if digits.strip(b"01234567"):
        raise InvalidTar("it is no tar archive, or damaged")
    return int(digits or b"0", 8)


def _small(file: BinaryIO, size: int) -> bytes:
    if size > NAMES_LIMIT:
        raise InvalidTar(f"it has a name of more than {NAMES_LIMIT} bytes")
    return file.read(size)


def _hear(kind: bytes, content: bytes, told: _Told) -> None:
    if kind == _GNU_NAME:
        told.name = _text(content)
    elif kind == _GNU_LINK:
        told.link = _text(content)
    else:
        records = _records(content)
        told.name = records.get("path", told.name)
        told.link = records.get("linkpath", told.link)
        if "size" in records:
            told.size = _decimal(records["size"])


def _records(content: bytes) -> Mapping[str, str]:
    """`length SP key "=" value LF`, again and again."""
    found = {}
    while content:
        length = _decimal(content.partition(b" ")[0].decode("ascii", "replace"))
        record, content = content[:length], content[length:]
        key, equals, value = record.partition(b" ")[2].partition(b"=")
        if not length or not equals or not record.endswith(b"\n"):
            raise InvalidTar("it has an extended header that is none")
        found[_text(key)] = _text(value[:-1])
    return found


def _decimal(digits: str) -> int:
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 20):
        raise InvalidTar("it has an extended header that is none")
    return int(digits)


def _text(content: bytes) -> str:
    return content.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _add(index: TarIndex, header: bytes, kind: bytes, member: Member, told: _Told) -> None:
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
    short = _text(header[:100])
    name = told.name or (f"{prefix}/{short}" if prefix else short)
    name = posixpath.normpath(name)
    if name in index.members or name in index.links:
        index.twice.add(name)
    if kind in _REGULAR:
        index.members[name] = member
    elif kind in _LINK:
        target = told.link or _text(header[157:257])
        start = "" if kind == _HARD_LINK else posixpath.dirname(name)
        index.links[name] = posixpath.normpath(posixpath.join(start, target))
