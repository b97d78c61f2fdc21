"""What runs beside a loop that decides: tasks, and a call that wakes the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from wharfinger.maintenance.node.progress import Clock

_TICK: Final = 0.001
"""The shortest pause: a clock need not know anything finer."""


class Work:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._called = asyncio.Event()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.add(asyncio.create_task(work))

    def call(self) -> None:
        """Wake who pauses; whoever is awake will not pause."""
        self._called.set()

    def hear(self) -> None:
        """Forget earlier calls: what they were for is about to be looked at."""
        self._called.clear()

    async def pause(self, seconds: float) -> None:
        """Wait for a call, the end of a task, or so long; raise what has ended a task."""
        alarms = [
            asyncio.create_task(self._called.wait()),
            asyncio.create_task(self._clock.sleep(max(seconds, _TICK))),
        ]
        try:
            done, _ = await asyncio.wait(
                {*alarms, *self._tasks}, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for alarm in alarms:
                alarm.cancel()
        for task in done & self._tasks:
            self._tasks.discard(task)
            task.result()

    async def end(self) -> None:
        """Break off what still runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
