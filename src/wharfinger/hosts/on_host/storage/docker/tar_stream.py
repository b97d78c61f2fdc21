"""
The members of an archive that an engine streams, one after the other and none of them kept.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO, Final, cast

from wharfinger.hosts.on_host.storage.docker.api import Body, EngineFailed

_MEMBERS_LIMIT: Final = 50_000_000


def members(body: Body, what: str) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Each with its bytes, if it is a file. Raise `EngineFailed` for an archive that breaks off, with
    what the engine said of it."""
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", body), mode="r|") as archive:
            for number, member in enumerate(archive):
                archive.members = []  # type: ignore[attr-defined]  # it would keep each of them
                if number >= _MEMBERS_LIMIT:
                    raise EngineFailed(what, f"its archive has over {_MEMBERS_LIMIT} members")
                yield member, archive.extractfile(member) if member.isreg() else None
        body.drain()
    except tarfile.TarError as error:
        raise EngineFailed(what, body.trouble or f"its archive breaks off: {error}") from error
    if body.trouble:
        raise EngineFailed(what, body.trouble)
