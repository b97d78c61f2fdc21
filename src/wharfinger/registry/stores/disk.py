"""
Blobs on disk: `blobs/<algorithm>/<first two digits>/<digits>`, uploads in `uploads/<name>`.

A blob's file appears by a rename after its bytes were verified and synced, and is never written
again. An upload is just its file: the hash of what came is kept in memory and, when that is lost
(a restart, a broken connection), made again from the file.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from wharfinger.oci.digest import CANONICAL, Digest, hasher
from wharfinger.registry.blobs import PART
from wharfinger.registry.errors import (
    BlobUnknown,
    DigestMismatch,
    OffsetMismatch,
    SizeMismatch,
    UploadBusy,
    UploadUnknown,
)
from wharfinger.registry.stores import files
from wharfinger.registry.stores.intake import Intake, upload_file
from wharfinger.registry.stores.threads import finished

T = TypeVar("T")

_THREADS: Final = 16
_REMEMBERED: Final = 1024
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class DiskBlobStore:
    """`root` is made, readable by its owner only, if its parent exists."""

    def __init__(self, root: Path) -> None:
        self._blobs = root / "blobs"
        self._uploads = root / "uploads"
        for directory in (root, self._blobs, self._uploads):
            files.make_directory(directory)
        self._shards: set[Path] = set()
        self._intakes: OrderedDict[str, Intake] = OrderedDict()
        self._busy: set[str] = set()
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="blobs")

    async def size(self, digest: Digest) -> int:
        size = files.regular_size(self._path(digest))
        if size is None:
            raise BlobUnknown(digest)
        return size

    def file(self, digest: Digest) -> Path | None:
        return self._path(digest)

    async def read(self, digest: Digest, start: int, stop: int) -> AsyncIterator[bytes]:
        path = self._path(digest)
        while start < stop:
            part = await self._run(self._read, path, digest, start, min(PART, stop - start))
            if not part:
                raise BlobUnknown(digest)
            start += len(part)
            yield part

    async def put(self, digest: Digest, data: bytes) -> None:
        await self._run(self._put, digest, data)

    async def begin(self, upload: str) -> None:
        path = self._uploads / upload
        await self._run(_create, path)
        self._remember(upload, Intake(path, 0, hasher()))

    async def received(self, upload: str) -> int:
        size = files.regular_size(self._uploads / upload)
        if size is None:
            raise UploadUnknown
        return size

    async def append(
        self,
        upload: str,
        chunks: AsyncIterable[bytes],
        *,
        offset: int | None = None,
        length: int | None = None,
    ) -> int:
        with self._writing(upload):
            intake = await self._resumed(upload)
            before, state = intake.size, intake.state.copy()
            if offset is not None and offset != before:
                self._remember(upload, intake)
                raise OffsetMismatch(offset, before)
            await intake.take(chunks, length, self._executor)
            came = intake.size - before
            if length is not None and came != length:
                await self._run(intake.go_back, before, state)
                self._remember(upload, intake)
                raise SizeMismatch(length, came)
            self._remember(upload, intake)
            return intake.size

    async def commit(self, upload: str, digest: Digest) -> int:
        with self._writing(upload):
            intake = self._intakes.pop(upload, None)
            return await self._run(self._commit, self._uploads / upload, digest, intake)

    async def discard(self, upload: str) -> None:
        with self._writing(upload):
            self._intakes.pop(upload, None)
            await self._run(_remove, self._uploads / upload)

    async def purge(self, before: datetime) -> int:
        return await self._run(_purge, self._uploads, before.timestamp())

    async def close(self) -> None:
        await asyncio.to_thread(self._executor.shutdown)

    async def _run(self, work: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await finished(loop.run_in_executor(self._executor, work, *arguments))

    @contextmanager
    def _writing(self, upload: str) -> Iterator[None]:
        if upload in self._busy:
            raise UploadBusy
        self._busy.add(upload)
        try:
            yield
        finally:
            self._busy.discard(upload)

    async def _resumed(self, upload: str) -> Intake:
        """The intake, which is remembered again only after all went well."""
        known = self._intakes.pop(upload, None)
        if known is not None:
            return known
        return await self._run(_rebuild, self._uploads / upload)

    def _remember(self, upload: str, intake: Intake) -> None:
        self._intakes[upload] = intake
        if len(self._intakes) > _REMEMBERED:
            self._intakes.popitem(last=False)

    def _path(self, digest: Digest) -> Path:
        # Of one string: on every pull, and four times as fast as joining paths.
        return Path(f"{self._blobs}/{digest.algorithm}/{digest.hex[:2]}/{digest.hex}")

    def _place(self, digest: Digest) -> Path:
        """The path of a blob whose directory is there."""
        path = self._path(digest)
        if path.parent not in self._shards:
            files.make_directory(path.parent.parent)
            files.make_directory(path.parent)
            self._shards.add(path.parent)
        return path

    def _read(self, path: Path, digest: Digest, start: int, count: int) -> bytes:
        try:
            with files.opened(path, os.O_RDONLY) as fd:
                return os.pread(fd, count, start)
        except FileNotFoundError:
            raise BlobUnknown(digest) from None

    def _put(self, digest: Digest, data: bytes) -> None:
        if not digest.matches(data):
            raise DigestMismatch(digest)
        if self._held(digest, len(data)):
            return
        staged = self._uploads / secrets.token_hex(16)
        with files.room_or_nothing(staged):
            with files.opened(staged, _NEW) as fd:
                files.write_at(fd, data, 0)
                os.fsync(fd)
            files.publish(staged, self._place(digest))

    def _commit(self, staged: Path, digest: Digest, intake: Intake | None) -> int:
        with files.room_or_nothing(staged), upload_file(staged, os.O_RDONLY) as fd:
            size = os.fstat(fd).st_size
            if _hash(fd, size, digest.algorithm, intake) != digest.hex:
                staged.unlink()
                raise DigestMismatch(digest)
            if self._held(digest, size):
                staged.unlink()
            else:
                os.fsync(fd)
                files.publish(staged, self._place(digest))
            return size

    def _held(self, digest: Digest, size: int) -> bool:
        """Whether we hold the blob already, durably: another push may not have synced it yet."""
        path = self._place(digest)
        if files.regular_size(path) != size:
            return False
        files.sync_directory(path.parent)
        return True


def _create(path: Path) -> None:
    with files.room_or_nothing(path), files.opened(path, _NEW):
        return


def _rebuild(path: Path) -> Intake:
    state = hasher()
    with upload_file(path, os.O_RDONLY) as fd:
        files.hash_file(fd, state)
        return Intake(path, os.fstat(fd).st_size, state)


def _remove(path: Path) -> None:
    with upload_file(path, os.O_RDONLY):
        path.unlink()


def _hash(fd: int, size: int, algorithm: str, intake: Intake | None) -> str:
    if intake is not None and intake.size == size and algorithm == CANONICAL:
        return intake.state.hexdigest()
    state = hasher(algorithm)
    files.hash_file(fd, state)
    return state.hexdigest()


def _purge(uploads: Path, before: float) -> int:
    return sum(_drop_if_stale(path, before) for path in list(uploads.iterdir()))


def _drop_if_stale(path: Path, before: float) -> bool:
    try:
        if path.lstat().st_mtime >= before:
            return False
        path.unlink()
    except FileNotFoundError:  # it was finished or cancelled in the meantime
        return False
    return True
