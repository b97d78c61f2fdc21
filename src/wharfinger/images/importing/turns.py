"""
Whose fetch is next: so many at a time in all, so many for one project, and projects in turn.

A project that asks for ten thousand tags, or whose registry hangs, takes no more than its share, and
the next fetch of another project waits for one turn and not for the whole queue.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

MOST: Final = 48
EACH: Final = 12


class Turns:
    def __init__(self, most: int = MOST, each: int = EACH) -> None:
        self._most, self._each = most, each
        self._taken: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def of(self, project: str) -> AsyncIterator[None]:
        """A turn of the project, from when there is room till the end of the block."""
        await self._take(project)
        try:
            yield
        finally:
            self._give_back(project)

    async def _take(self, project: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(project, deque()).append(turn)
        self._serve()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._give_back(project)  # it came together with the cancellation
            raise

    def _give_back(self, project: str) -> None:
        self._taken -= Counter({project: 1})  # and forgets a project that has none left
        self._serve()

    def _serve(self) -> None:
        """Hand out what there is, one to each project before a second to any."""
        while self._taken.total() < self._most and (project := self._next()) is not None:
            queue = self._waiting[project]
            turn = queue.popleft()
            if queue:
                self._waiting.move_to_end(project)
            else:
                del self._waiting[project]
            if not turn.cancelled():
                self._taken[project] += 1
                turn.set_result(None)

    def _next(self) -> str | None:
        return next((one for one in self._waiting if self._taken[one] < self._each), None)
