"""
The work that goes on behind the requests, and the proof that it does.

A task of the background is not meant to end. One that dies is logged with its traceback, makes
`/readyz` fail from that moment, and is started again after a pause that doubles up to a minute;
a pause, since what killed it (a full disk) is often still there. Each task brings its world to a
wanted state from whatever it finds, so starting again needs no memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from wharfinger.server.metrics import Metrics

Work = Callable[[], Coroutine[Any, Any, None]]

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_STEADY_SECONDS = 60.0  # after so long without a fault the next pause is short again

logger = logging.getLogger(__name__)


class Tasks:
    def __init__(
        self, metrics: Metrics, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._metrics = metrics
        self._sleep = sleep
        self._running: dict[str, asyncio.Task[None]] = {}
        self._dead: dict[str, str] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._running)

    def start(self, name: str, work: Work) -> None:
        self._running[name] = asyncio.create_task(self._keep(name, work), name=name)

    def fault(self, name: str) -> str | None:
        """Why the task is not at work now, or None if it is."""
        return self._dead.get(name)

    async def stop(self) -> None:
        for task in self._running.values():
            task.cancel()
        for task in self._running.values():
            with suppress(asyncio.CancelledError):
                await task
        self._running.clear()

    async def _keep(self, name: str, work: Work) -> None:
        loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE
        while True:
            begun = loop.time()
            try:
                await work()
                logger.error("background task %s ended", name)
                self._dead[name] = "it ended"
            except Exception as error:
                logger.exception("background task %s died", name)
                self._dead[name] = type(error).__name__
            self._metrics.task_failures.labels(name).inc()
            if loop.time() - begun > _STEADY_SECONDS:
                pause = _FIRST_PAUSE
            await self._sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            del self._dead[name]
