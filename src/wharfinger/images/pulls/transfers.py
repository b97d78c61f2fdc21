"""
A blob on its way from another registry into a repository of ours, read by any number meanwhile.

There is one transfer at a time for a blob and a repository. It goes at its own pace: nobody who reads
along holds it up, and one who goes away does not end it. The last part that came is kept in memory for
those who read along; who is slower than that waits for the end and reads on from the store. The very
last byte is given out only when the digest has been verified, so nobody ever has a whole blob that is
not what it should be.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final

from wharfinger.errors import Unavailable, WharfingerError
from wharfinger.oci.manifest import Descriptor
from wharfinger.oci.names import RepositoryName
from wharfinger.registry.errors import BlobUnknown, RepositoryUnknown
from wharfinger.registry.registry import Blob, Registry

WINDOW: Final = 4 * 1024 * 1024
"""How much of what came last is in memory for those who read along."""

SPAN: Final = 60.0
LEAST: Final = 1024 * 1024
"""How many bytes have to come in so many seconds: who drips holds a place that others wait for."""


class TooSlow(Unavailable):
    code = "transfer-too-slow"

    def __init__(self) -> None:
        super().__init__(f"cannot go on: fewer than {LEAST} bytes came in {SPAN:.0f} s")


class Transfer:
    def __init__(
        self,
        registry: Registry,
        name: RepositoryName,
        blob: Descriptor,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry, self._name, self.blob = registry, name, blob
        self._clock = clock
        self._parts: deque[bytes] = deque()
        self._begin, self._end = 0, 0
        """Which bytes are in memory."""
        self._kept: Blob | None = None
        self._failure: WharfingerError | None = None
        self._news = asyncio.Event()

    async def run(self, parts: AsyncIterator[bytes], *, active: Callable[[str], bool]) -> None:
        """Store what comes, and link it if its project is still there. Raise what stands in the way."""
        try:
            await self._store(parts, active)
        except WharfingerError as error:
            self._failure = error
            raise
        except BaseException:
            self._failure = BlobUnknown(self.blob.digest)
            raise
        finally:
            self._tell()

    async def begun(self) -> None:
        """Wait for the first bytes; raise what came instead of them."""
        while not self._end and self._kept is None:
            await self._wait()

    async def ended(self) -> None:
        """Wait until it is kept; raise what came in between."""
        while self._kept is None:
            await self._wait()

    async def read(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes [start, stop) as they come; raise what ended the transfer."""
        at = start
        while at < stop:
            if self._kept is not None:
                async for part in self._registry.read_blob(self._kept, at, stop):
                    yield part
                return
            if part := self._available(at, min(stop, self.blob.size - 1)):
                at += len(part)
                yield part
            else:
                await self._wait()

    async def _store(self, parts: AsyncIterator[bytes], active: Callable[[str], bool]) -> None:
        uploads, size = self._registry.uploads, self.blob.size
        async with uploads.transient(self._name) as upload:
            await uploads.append(self._name, upload, self._seen(parts), length=size)
            with self._registry.writing(self._name.project):
                if not active(self._name.project):
                    raise RepositoryUnknown(self._name)
                await uploads.finish(self._name, upload, self.blob.digest)
        self._kept = await self._registry.blob(self._name, self.blob.digest)
        self._parts.clear()

    async def _seen(self, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The same parts, shown to those who read along; raise `TooSlow`."""
        since, had = self._clock(), 0
        async for part in parts:
            if self._clock() - since > SPAN:
                if self._end - had < LEAST:
                    raise TooSlow
                since, had = self._clock(), self._end
            self._parts.append(part)
            self._end += len(part)
            while self._end - self._begin > WINDOW and len(self._parts) > 1:
                self._begin += len(self._parts.popleft())
            self._tell()
            yield part

    def _available(self, at: int, stop: int) -> bytes:
        """The next bytes of those in memory, empty if there are none there."""
        if not self._begin <= at < self._end:
            return b""
        offset = self._begin
        for part in self._parts:
            if at < offset + len(part):
                return part[at - offset : max(stop - offset, 0)]
            offset += len(part)
        raise AssertionError("the parts reach as far as they are said to")

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _wait(self) -> None:
        if self._failure is not None:
            raise self._failure
        await self._news.wait()
        if self._failure is not None:
            raise self._failure
