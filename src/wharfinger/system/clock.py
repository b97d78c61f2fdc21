"""The time of day, and a clock for tests that stands until it is moved."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's clock, read as an aware time or as seconds since 1970."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def __call__(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class StoppedClock:
    """A clock that moves only by `advance`."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def __call__(self) -> float:
        return self._now.timestamp()

    def advance(self, span: timedelta) -> None:
        self._now += span
