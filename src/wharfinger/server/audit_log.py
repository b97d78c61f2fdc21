"""
The audit log: one JSON object to a line, in a file that only its owner may read.

Entries are gathered in memory and written a few times a second by one thread, so that a request
waits for no disk. A disk that takes no more stops no request, and is not silent either: what
cannot be written is kept and tried again while the room for it lasts, beyond that it is counted
as dropped; meanwhile the task of this log is dead, which fails `/readyz` and is logged. Nothing is
synced: `kill -9` of the server loses the last moment, the loss of power what the kernel held.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Protocol

import msgspec

from wharfinger.errors import Unavailable
from wharfinger.server.audit import Event
from wharfinger.server.metrics import Metrics
from wharfinger.system.files import PRIVATE_FILE

MAX_FILE_BYTES: Final = 100 * 1024 * 1024
KEPT_FILES: Final = 9
"""How many full files stay beside the present one: `audit.log.1` is the youngest."""

MAX_WAITING_BYTES: Final = 16 * 1024 * 1024
_PAUSE_SECONDS: Final = 0.2

logger = logging.getLogger(__name__)

_encoder = msgspec.json.Encoder()


class AuditFailed(Unavailable):
    code = "audit-failed"

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"cannot write the audit log: {error.strerror}",
            remedy="make room in the state directory; what waits is then written",
        )


class Sink(Protocol):
    def write(self, data: bytes) -> int:
        """Append at least one byte of `data`, and return how many; raise `OSError`."""
        ...

    def close(self) -> None: ...


class AuditFile:
    """A file that is appended to, set aside when it is full, and opened again if it was moved."""

    def __init__(self, path: Path, *, full: int = MAX_FILE_BYTES, kept: int = KEPT_FILES) -> None:
        self._path, self._full, self._kept = path, full, kept
        self._descriptor = -1

    def write(self, data: bytes) -> int:
        if self._descriptor >= 0 and self._moved():
            self.close()
        if self._descriptor < 0:
            self._open()
        if os.fstat(self._descriptor).st_size >= self._full:
            self.close()
            self._set_aside()
            self._open()
        return os.write(self._descriptor, data)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(self._path, flags, PRIVATE_FILE)
        size = os.fstat(self._descriptor).st_size
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            os.write(self._descriptor, b"\n")  # a server was killed in the middle of a line

    def _moved(self) -> bool:
        """Whether somebody else has taken the file away, as a rotation of logs does."""
        try:
            return not os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except FileNotFoundError:
            return True

    def _set_aside(self) -> None:
        names = [self._path, *(self._numbered(number) for number in range(1, self._kept + 1))]
        for older, younger in zip(reversed(names), reversed(names[:-1]), strict=False):
            if younger.exists():
                younger.replace(older)

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


class StandardOutput:
    """For who gathers what programs print, as a cluster does."""

    def write(self, data: bytes) -> int:
        return os.write(sys.stdout.fileno(), data)

    def close(self) -> None:
        """It is not ours."""


class AuditLog:
    """Takes entries from requests; `run` is the task that writes them."""

    def __init__(
        self,
        sink: Sink,
        metrics: Metrics,
        *,
        room: int = MAX_WAITING_BYTES,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sink = sink
        self._metrics = metrics
        self._room = room
        self._pause = pause
        self._lines: list[bytes] = []
        self._bytes = 0
        self._left = b""  # taken from the lines, and not in the file yet
        self._news = asyncio.Event()
        self._lock = threading.Lock()  # a thread may still write when another is asked to

    def write(self, event: Event) -> None:
        """Take an entry, or count it as dropped if there is no room to keep it."""
        line = _encoder.encode(event)
        if self._bytes + len(self._left) + len(line) > self._room:
            self._metrics.audit_dropped.inc()
            return
        self._lines.append(line)
        self._bytes += len(line)
        self._metrics.audit_events.inc()
        self._news.set()

    async def run(self) -> None:
        """Write what comes, for ever; raise `AuditFailed` when that is not possible."""
        while True:
            await self.flush()
            await self._news.wait()
            await self._pause(_PAUSE_SECONDS)

    async def flush(self) -> None:
        """Write what waits."""
        self._news.clear()
        lines, self._lines, self._bytes = self._lines, [], 0
        try:
            await asyncio.to_thread(self._append, lines)
        except OSError as error:
            raise AuditFailed(error) from error

    async def close(self) -> None:
        """Write what waits, as far as that is possible, and let go of the file."""
        try:
            await self.flush()
        except AuditFailed as error:
            logger.error("%s; %d bytes of entries are lost", error.message, len(self._left))
        finally:
            self._sink.close()

    def _append(self, lines: list[bytes]) -> None:
        with self._lock:
            self._left += b"".join(line + b"\n" for line in lines)
            while self._left:
                written = self._sink.write(self._left)
                self._left = self._left[written:]
