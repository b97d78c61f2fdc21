"""
The contract of a blob store: content by digest, and uploads on their way to become content.

A store knows nothing of repositories. Whether somebody may read a blob is decided by the
link that a repository has to it (`metadata.py`); the bytes exist once for all of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from wharfinger.oci.digest import Digest

PART: Final = 1024 * 1024
"""The unit in which content is read, hashed and written: few switches, little memory."""


class BlobStore(Protocol):
    """Content that is never visible under a digest that is not its own.

    Uploads are known by an opaque name of hexadecimal digits and `-`. A method that takes one
    raises `UploadUnknown` if there is none, and `UploadBusy` while another call writes to it.
    Every write raises `NoRoom` if the disk is full, and keeps nothing of the upload then.
    """

    async def size(self, digest: Digest) -> int:
        """Raise `BlobUnknown` if we do not hold the blob."""
        ...

    def file(self, digest: Digest) -> Path | None:
        """The file of a blob that we hold, for a server that can send files; None: `read` it."""
        ...

    def read(self, digest: Digest, start: int, stop: int) -> AsyncIterator[bytes]:
        """Give the bytes [start, stop) in parts; raise `BlobUnknown` if we do not hold the blob."""
        ...

    async def put(self, digest: Digest, data: bytes) -> None:
        """Store a small blob at once, durably; raise `DigestMismatch`, keeping nothing."""
        ...

    async def begin(self, upload: str) -> None: ...

    async def received(self, upload: str) -> int: ...

    async def append(
        self,
        upload: str,
        chunks: AsyncIterable[bytes],
        *,
        offset: int | None = None,
        length: int | None = None,
    ) -> int:
        """Add `chunks` and return the new size.

        Raise `OffsetMismatch` if the upload does not end at `offset`, and `SizeMismatch` if
        other than `length` bytes come; the upload is then as before. If `chunks` itself raises,
        what came is kept, so that the client can ask and resume.
        """
        ...

    async def commit(self, upload: str, digest: Digest) -> int:
        """Make the upload the blob `digest`, durably, and return its size.

        Raise `DigestMismatch` if it is not. Either way the upload is gone afterwards.
        """
        ...

    async def discard(self, upload: str) -> None: ...

    async def purge(self, before: datetime) -> int:
        """Drop the uploads that nobody wrote to since; return how many."""
        ...

    async def close(self) -> None: ...
