"""
Know the requests in flight, and bring them to an end when the server is to stop.

A request that has an end of its own is waited for. A watch has none, so it is cancelled at once
and its answer closed in good order; the client comes back, as it does after any time-out. What
is left when the grace is over is cancelled too, without a closing mark: a cut answer must look
cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_SECONDS_TO_CLEAN_UP = 5.0


class Drain:
    def __init__(self) -> None:
        self._endless: dict[asyncio.Task[Any], bool] = {}
        self._cancelled: set[asyncio.Task[Any]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._draining = False

    @property
    def draining(self) -> bool:
        return self._draining

    @property
    def in_flight(self) -> int:
        return len(self._endless)

    @contextmanager
    def request(self, *, endless: bool) -> Iterator[asyncio.Task[Any]]:
        """Count the present task as a request until the block ends."""
        task = asyncio.current_task()
        assert task is not None
        self._endless[task] = endless
        self._idle.clear()
        try:
            yield task
        finally:
            del self._endless[task]
            self._cancelled.discard(task)
            if not self._endless:
                self._idle.set()

    def cancelled(self, task: asyncio.Task[Any]) -> bool:
        """Whether it was we who cancelled this request."""
        return task in self._cancelled

    async def finish(self, seconds: float) -> int:
        """Wait for the requests in flight; return how many had to be cut."""
        self._draining = True
        self._cancel(lambda endless: endless)
        if await self._wait(seconds):
            return 0
        left = self.in_flight
        self._cancel(lambda _: True)
        await self._wait(_SECONDS_TO_CLEAN_UP)
        return left

    async def _wait(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def _cancel(self, which: Callable[[bool], bool]) -> None:
        for task, endless in self._endless.items():
            if which(endless) and task not in self._cancelled:
                self._cancelled.add(task)
                task.cancel()
