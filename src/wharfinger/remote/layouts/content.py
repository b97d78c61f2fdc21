"""
Bytes in files, read and written in pieces off the event loop, and never handed on unless they are what
they should be.

Reading follows no link and waits for no pipe: what a layout of somebody else has under a digest may be a
link to any file of this host. Writing is to a file beside the place, which takes its name when all of it
is there; what a killed process has left is taken over by the next one.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from wharfinger.oci import digest as digests
from wharfinger.oci.digest import Digest
from wharfinger.remote.layouts import errors
from wharfinger.remote.layouts.errors import AtWork, InvalidLayout

PIECE: Final = 1 << 20
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_MODE: Final = 0o644


def open_regular(path: Path) -> BinaryIO:
    """Open a plain file to read. Raise `FileNotFoundError`, or `CannotUseFile`."""
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise errors.of(error, "read", path) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise errors.CannotUseFile("read", path, "it is no plain file")
    return os.fdopen(descriptor, "rb", buffering=0)


def read_small(path: Path, limit: int) -> bytes:
    """All of a file; raise as `open_regular` does, or `CannotUseFile` for one beyond the limit."""
    with open_regular(path) as file:
        content = b"".join(_up_to(file, limit + 1))
    if len(content) > limit:
        raise errors.CannotUseFile("read", path, f"it has more than {limit} bytes")
    return content


def _up_to(file: BinaryIO, limit: int) -> Iterator[bytes]:
    while limit > 0 and (piece := file.read(min(PIECE, limit))):
        limit -= len(piece)
        yield piece


async def verified(
    open_at: Callable[[], BinaryIO], digest: Digest, size: int, *, place: str
) -> AsyncIterator[bytes]:
    """The next `size` bytes of a file. The last piece comes only if the whole has its digest.

    Raise `InvalidLayout` for other bytes, or too few.
    """
    file, found = await asyncio.to_thread(open_at), digests.hasher(digest.algorithm)

    def read(limit: int) -> bytes:
        piece = file.read(limit)
        found.update(piece)
        return piece

    left = size
    try:
        while left > 0:
            piece = await asyncio.to_thread(read, min(PIECE, left))
            left -= len(piece)
            if not piece or (not left and found.hexdigest() != digest.hex):
                raise InvalidLayout(place, f"it has other bytes under {digest}")
            yield piece
    finally:
        file.close()
    if not size and found.hexdigest() != digest.hex:
        raise InvalidLayout(place, f"it has other bytes under {digest}")


def has_digest(path: Path, digest: Digest) -> bool:
    """Whether a file is there and all of it is what the digest says."""
    found = digests.hasher(digest.algorithm)
    try:
        with open_regular(path) as file:
            while piece := file.read(PIECE):
                found.update(piece)
    except (FileNotFoundError, errors.CannotUseFile):
        return False
    return found.hexdigest() == digest.hex


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the name `path` at the end of the block, synced; none after an error.

    Raise `AtWork` if another process is in such a block for this path.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        descriptor = os.open(partial, _WRITE, _FILE_MODE)
    except OSError as error:
        raise errors.of(error, "write", partial) from None
    try:
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            _lock(file, partial, path)
            try:
                file.truncate(0)
                yield file
                os.fsync(file.fileno())
                partial.replace(path)
            except BaseException:
                with suppress(OSError):
                    partial.unlink()
                raise
        sync(path.parent)
    except OSError as error:
        raise errors.of(error, "write", path) from None


def _lock(file: BinaryIO, partial: Path, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever had it may have finished since we opened it: then this is the file itself by now.
        ours = partial.stat().st_ino == os.fstat(file.fileno()).st_ino
    except (BlockingIOError, FileNotFoundError):
        ours = False
    if not ours:
        raise AtWork(path)


def sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def write(path: Path, size: int, chunks: AsyncIterable[bytes]) -> None:
    """Put verified bytes at `path`; raise, keeping nothing, if they are not `size`."""
    with replacing(path) as file:
        written = 0
        async for piece in chunks:
            written += len(piece)
            await asyncio.to_thread(write_all, file, piece)
        if written != size:
            raise InvalidLayout(str(path), f"{written} bytes came of {size}")


def write_all(file: BinaryIO, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]
