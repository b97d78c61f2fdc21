"""
The few file operations of the blob store, each of them one blocking call in a worker thread.

No path that we open is followed through a link: what somebody planted in our directory is
refused, never read or overwritten. A blob becomes visible by a rename after its bytes are on
the disk, and the rename is on the disk before anybody is told.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wharfinger.registry.blobs import PART
from wharfinger.registry.errors import NoRoom, UnsafeFile

if TYPE_CHECKING:
    from hashlib import _Hash

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No room on the disk, in a quota, or under the limit of a file's size."""

_WRITE_BACK: Final = 8 * 1024 * 1024


@contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """A file descriptor on a regular file; raise `FileNotFoundError` or `UnsafeFile`."""
    try:
        fd = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UnsafeFile(path) from None
        raise
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise UnsafeFile(path)
        yield fd
    finally:
        os.close(fd)


@contextmanager
def room_or_nothing(path: Path) -> Iterator[None]:
    """On a full disk give back what `path` holds, and raise `NoRoom`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        with suppress(FileNotFoundError):
            path.unlink()
        raise NoRoom from None


def regular_size(path: Path) -> int | None:
    """The size of a regular file; None if there is none, or something else in its place."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def write_at(fd: int, data: bytes, offset: int) -> None:
    """Write all of `data`, and have the disk begin with it now.

    Otherwise the sync at the end of a large upload would wait for all of it. Dropping pages that
    are being written makes Linux write them, and keeps them readable from memory.
    """
    view = memoryview(data)
    at = offset
    while view:
        written = os.pwrite(fd, view, at)
        view, at = view[written:], at + written
    begun, due = offset // _WRITE_BACK * _WRITE_BACK, at // _WRITE_BACK * _WRITE_BACK
    if due > begun:
        os.posix_fadvise(fd, begun, due - begun, os.POSIX_FADV_DONTNEED)


def hash_file(fd: int, state: _Hash) -> None:
    """Feed the whole file to `state`."""
    at = 0
    while part := os.pread(fd, PART, at):
        state.update(part)
        at += len(part)


def publish(staged: Path, final: Path) -> None:
    """Rename a synced file into place; durable when we return."""
    staged.rename(final)
    sync_directory(final.parent)


def sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_directory(directory: Path) -> None:
    """A directory of our own, durable; raise `UnsafeFile` if something else has its name."""
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
        sync_directory(directory.parent)
    if not stat.S_ISDIR(os.lstat(directory).st_mode):
        raise UnsafeFile(directory)
