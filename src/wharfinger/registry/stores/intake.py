"""
Take in a body: hash and write at the same time, while the next part arrives.

`hashlib` and `os.pwrite` both let go of the interpreter lock, so a part is hashed in one thread
and written in another while the event loop gathers the next. No more than two parts of `PART`
bytes (and the chunk that filled the second) are alive at any time, whatever the size of the
body. A body of less than one part takes a single trip to a thread.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from wharfinger.registry.blobs import PART
from wharfinger.registry.errors import UploadUnknown
from wharfinger.registry.stores import files
from wharfinger.registry.stores.threads import finished

if TYPE_CHECKING:
    from hashlib import _Hash


@contextmanager
def upload_file(path: Path, flags: int) -> Iterator[int]:
    """The open file of an upload; raise `UploadUnknown` if there is none."""
    try:
        with files.opened(path, flags) as fd:
            yield fd
    except FileNotFoundError:
        raise UploadUnknown from None


class Intake:
    """The writing end of one upload: `size` bytes are in the file, and `state` has hashed them."""

    def __init__(self, path: Path, size: int, state: _Hash) -> None:
        self.path = path
        self.size = size
        self.state = state

    async def take(
        self, chunks: AsyncIterable[bytes], limit: int | None, executor: Executor
    ) -> None:
        """Add `chunks`, stopping soon after `limit` bytes; what came is kept if they raise."""
        loop = asyncio.get_running_loop()
        room = limit
        waiting: list[bytes] = []
        weight = 0
        working: asyncio.Task[None] | None = None
        try:
            async for chunk in chunks:
                waiting.append(chunk)
                weight += len(chunk)
                if room is not None and (room := room - len(chunk)) < 0:
                    break
                if weight >= PART:
                    if working is not None:
                        await finished(working)
                    part, waiting, weight = b"".join(waiting), [], 0
                    working = asyncio.create_task(self._add_overlapped(part, executor))
        finally:
            if working is not None:
                await finished(working)
            if weight:
                rest = b"".join(waiting)
                await finished(loop.run_in_executor(executor, self._add, rest))

    def go_back(self, size: int, state: _Hash) -> None:
        """Return to an earlier end (blocking)."""
        with upload_file(self.path, os.O_WRONLY) as fd:
            os.ftruncate(fd, size)
        self.size, self.state = size, state

    async def _add_overlapped(self, part: bytes, executor: Executor) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.gather(
            loop.run_in_executor(executor, self.state.update, part),
            loop.run_in_executor(executor, self._write, part),
        )
        self.size += len(part)

    def _add(self, part: bytes) -> None:
        self._write(part)
        self.state.update(part)
        self.size += len(part)

    def _write(self, part: bytes) -> None:
        with files.room_or_nothing(self.path), upload_file(self.path, os.O_WRONLY) as fd:
            files.write_at(fd, part, self.size)
