"""
One process to a directory: an advisory lock that dies with its holder.

The kernel lets go of an `flock` when the process ends in whatever way, so a lock file that is
left behind means nothing and nobody ever has to delete one. The holder's pid stands in the
file for people and for `wharf down`; whether it is held is asked of the kernel alone.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from wharfinger.errors import Conflict, Unavailable

_ATTEMPTS = 3
_PAUSE = 0.02


class Locked(Conflict):
    code = "locked"

    def __init__(self, path: Path, pid: int | None) -> None:
        holder = f"process {pid}" if pid is not None else "another process"
        super().__init__(
            f"cannot use {path.parent}: {holder} has it",
            remedy=f"end it (wharf down --state {path.parent}) or use another state directory",
        )
        self.pid = pid


class LockUnreadable(Unavailable):
    code = "lock-unreadable"

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"cannot look at the lock {path}: {error.strerror}",
            remedy="ask as the user who runs the server",
        )


class Lock:
    """Held from `acquire` to `release`, or as a context."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Raise `Locked` if another process holds it."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            descriptor = os.open(self._path, flags, 0o600)
        except OSError as error:
            raise LockUnreadable(self._path, error) from error
        if not _take(descriptor):
            os.close(descriptor)
            raise Locked(self._path, read_pid(self._path))
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


def _take(descriptor: int) -> bool:
    """Try a few times: `holder` takes the lock for an instant when it asks."""
    for _ in range(_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)
        else:
            return True
    return False


def holder(path: Path) -> int | None:
    """The pid of the process that holds the lock, or None if nobody does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise LockUnreadable(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return read_pid(path)
    finally:
        os.close(descriptor)
    return None


def read_pid(path: Path) -> int | None:
    text = path.read_text().strip()
    return int(text) if text.isdigit() else None
