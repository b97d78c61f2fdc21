"""A blob store whose every action is timed, as `registry_storage_action_seconds`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from datetime import datetime
from pathlib import Path

from wharfinger.oci.digest import Digest
from wharfinger.registry.blobs import BlobStore
from wharfinger.server.metrics import Metrics


class MeasuredBlobStore:
    """Adds nothing to a `BlobStore` but the time that each call took.

    `file` and `read` are not timed: the first asks nobody, and the second lasts as long as the
    client likes.
    """

    def __init__(self, store: BlobStore, metrics: Metrics, driver: str) -> None:
        self._store = store
        self._metrics = metrics
        self._driver = driver

    async def size(self, digest: Digest) -> int:
        with self._metrics.storage_action(self._driver, "size"):
            return await self._store.size(digest)

    def file(self, digest: Digest) -> Path | None:
        return self._store.file(digest)

    def read(self, digest: Digest, start: int, stop: int) -> AsyncIterator[bytes]:
        return self._store.read(digest, start, stop)

    async def put(self, digest: Digest, data: bytes) -> None:
        with self._metrics.storage_action(self._driver, "put"):
            await self._store.put(digest, data)

    async def begin(self, upload: str) -> None:
        with self._metrics.storage_action(self._driver, "begin"):
            await self._store.begin(upload)

    async def received(self, upload: str) -> int:
        with self._metrics.storage_action(self._driver, "received"):
            return await self._store.received(upload)

    async def append(
        self,
        upload: str,
        chunks: AsyncIterable[bytes],
        *,
        offset: int | None = None,
        length: int | None = None,
    ) -> int:
        with self._metrics.storage_action(self._driver, "append"):
            return await self._store.append(upload, chunks, offset=offset, length=length)

    async def commit(self, upload: str, digest: Digest) -> int:
        with self._metrics.storage_action(self._driver, "commit"):
            return await self._store.commit(upload, digest)

    async def discard(self, upload: str) -> None:
        with self._metrics.storage_action(self._driver, "discard"):
            await self._store.discard(upload)

    async def purge(self, before: datetime) -> int:
        with self._metrics.storage_action(self._driver, "purge"):
            return await self._store.purge(before)

    async def close(self) -> None:
        await self._store.close()
