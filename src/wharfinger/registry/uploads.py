"""
Uploads: blobs on their way into a repository, in as many requests as the client likes.

An upload's id is random and good for one repository only: the name under which the blob store
keeps it is made of both, so nothing has to be looked up, and it outlives a restart.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

from wharfinger.oci.digest import Digest
from wharfinger.oci.names import RepositoryName
from wharfinger.registry.blobs import BlobStore
from wharfinger.registry.errors import UploadUnknown
from wharfinger.registry.metadata import MetadataStore

STALE: Final = timedelta(days=7)

_ID: Final = re.compile(r"[0-9a-f]{32}")


class Uploads:
    """Every method that takes an id raises `UploadUnknown` unless the repository has such an upload."""

    def __init__(self, blobs: BlobStore, metadata: MetadataStore) -> None:
        self._blobs = blobs
        self._metadata = metadata

    async def begin(self, name: RepositoryName) -> str:
        """Return the id of a new, empty upload."""
        upload = secrets.token_hex(16)
        await self._blobs.begin(_staged(name, upload))
        return upload

    async def received(self, name: RepositoryName, upload: str) -> int:
        return await self._blobs.received(_staged(name, upload))

    async def append(
        self,
        name: RepositoryName,
        upload: str,
        chunks: AsyncIterable[bytes],
        *,
        offset: int | None = None,
        length: int | None = None,
    ) -> int:
        """Add `chunks` (see `BlobStore.append`) and return the size of the upload."""
        staged = _staged(name, upload)
        return await self._blobs.append(staged, chunks, offset=offset, length=length)

    async def finish(self, name: RepositoryName, upload: str, digest: Digest) -> None:
        """Make the upload a blob of the repository; raise `DigestMismatch`, keeping nothing."""
        size = await self._blobs.commit(_staged(name, upload), digest)
        await self._metadata.link_blob(name, digest, size)

    async def cancel(self, name: RepositoryName, upload: str) -> None:
        await self._blobs.discard(_staged(name, upload))

    @asynccontextmanager
    async def transient(self, name: RepositoryName) -> AsyncIterator[str]:
        """An upload within one request, whose id nobody is told: gone if the request fails."""
        upload = await self.begin(name)
        try:
            yield upload
        except BaseException:
            with suppress(UploadUnknown):
                await self.cancel(name, upload)
            raise

    async def purge_stale(self, now: Callable[[], datetime]) -> int:
        """Drop what nobody wrote to for a week; return how many uploads that were."""
        return await self._blobs.purge(now() - STALE)


def _staged(name: RepositoryName, upload: str) -> str:
    if _ID.fullmatch(upload) is None:
        raise UploadUnknown
    return f"{upload}-{hashlib.sha256(str(name).encode()).hexdigest()[:16]}"
