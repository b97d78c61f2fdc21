"""
The members of an archive that an engine streams, one after the other and none of them kept.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO, Final, cast

from wharfinger.hosts.on_host.storage.docker.api import Body, EngineFailed

_MEMBERS_LIMIT: Final = 50_000_000


class _Content:
    """What is in a member. Whoever reads it meets the end of a broken archive."""

    def __init__(self, file: IO[bytes], body: Body, what: str) -> None:
        self._file, self._body, self._what = file, body, what

    def read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except tarfile.TarError as error:
            raise _broken(self._body, self._what, error) from error


def members(body: Body, what: str) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Each with its bytes, if it is a file. Raise `EngineFailed` for an archive that breaks off, with
    what the engine said of it."""
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", body), mode="r|") as archive:
            for number, member in enumerate(archive):
                archive.members = []  # type: ignore[attr-defined]  # it would keep each of them
                if number >= _MEMBERS_LIMIT:
                    raise EngineFailed(what, f"its archive has over {_MEMBERS_LIMIT} members")
                file = archive.extractfile(member) if member.isreg() else None
                content = None if file is None else _Content(file, body, what)
                yield member, cast("IO[bytes] | None", content)
        body.drain()
    except tarfile.TarError as error:
        raise _broken(body, what, error) from error
    if body.trouble:
        raise EngineFailed(what, body.trouble)


def _broken(body: Body, what: str, error: tarfile.TarError) -> EngineFailed:
    return EngineFailed(what, body.trouble or f"its archive breaks off: {error}")
