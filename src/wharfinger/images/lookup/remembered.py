"""
What others have told us, kept for a while: bounded, and asked for once however many want it.

Who waits for an answer may give up; the question itself goes on, within its own limit of time, and
its answer serves the next one. So a caller that asks again finds what the first could not wait for.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """`seconds` says how long a value counts; the ones that were not wanted longest make room.

    What does not count any more is let go of when something new comes, since it may be large.
    """

    def __init__(
        self,
        room: int,
        seconds: Callable[[Value], float],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._room, self._seconds, self._clock = room, seconds, clock
        self._kept: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        self._asked: dict[Key, asyncio.Task[Value]] = {}

    def recall(self, key: Key) -> Value | None:
        """What is known now, without waiting."""
        found = self._kept.get(key)
        if found is None:
            return None
        if found[0] <= self._clock():
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return found[1]

    async def get(
        self,
        key: Key,
        ask: Callable[[], Coroutine[Any, Any, Value]],
        until: float | None = None,
    ) -> Value:
        """What is known, or what the one question that is under way for this key brings.

        Raise `TimeoutError` at the moment `until` of the event loop's clock.
        """
        known = self.recall(key)
        if known is not None:
            return known
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = asyncio.create_task(self._ask(key, ask))
        async with asyncio.timeout_at(until):
            return await asyncio.shield(asked)

    async def _ask(self, key: Key, ask: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        try:
            value = await ask()
        finally:
            del self._asked[key]
        now = self._clock()
        self._kept[key] = (now + self._seconds(value), value)
        while len(self._kept) > self._room or self._oldest() <= now:
            self._kept.popitem(last=False)
        return value

    def _oldest(self) -> float:
        """Until when that counts which was not wanted longest."""
        return next((until for until, _ in self._kept.values()), math.inf)

    async def close(self) -> None:
        """End the questions that are under way."""
        under_way = list(self._asked.values())
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
