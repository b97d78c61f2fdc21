"""
Know the requests in flight, and bring them to an end when the server is to stop.

What has begun is waited for. A watch would never end by itself, so whoever drains ends the
watches first (`Cache.end_watches`). What is left when the grace is over is cancelled, and its
connection cut rather than closed in good order: a cut answer must look cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_SECONDS_TO_CLEAN_UP = 5.0


class Drain:
    def __init__(self) -> None:
        self._requests: set[asyncio.Task[Any]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._draining = False

    @property
    def draining(self) -> bool:
        return self._draining

    @property
    def in_flight(self) -> int:
        return len(self._requests)

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count the present task as a request until the block ends."""
        task = asyncio.current_task()
        assert task is not None
        self._requests.add(task)
        self._idle.clear()
        try:
            yield
        finally:
            self._requests.discard(task)
            if not self._requests:
                self._idle.set()

    def begin(self) -> None:
        """From now on nothing new is to be taken."""
        self._draining = True

    async def finish(self, seconds: float) -> int:
        """Wait for the requests in flight; return how many had to be cut."""
        if await self._wait(seconds):
            return 0
        left = self.in_flight
        for task in self._requests:
            task.cancel()
        await self._wait(_SECONDS_TO_CLEAN_UP)
        return left

    async def _wait(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True
