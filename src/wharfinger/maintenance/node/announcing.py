"""
Tell notices to the cluster and to a webhook, beside an evacuation and never in its way.

They go out in order, in the background. What cannot be told is warned of once for each way, and a
cluster that does not let us write Events is not asked again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol, Self

from wharfinger.errors import WharfingerError
from wharfinger.maintenance.api import Api, ApiRefused
from wharfinger.maintenance.model import Node
from wharfinger.maintenance.node import notices
from wharfinger.maintenance.node.notices import Notice

Warn = Callable[[str], None]


class Sink(Protocol):
    async def post(self, document: Mapping[str, Any]) -> None:
        """Raise a `WharfingerError` if it does not arrive."""
        ...


class Announcer:
    """Opened by `async with`; at its end it waits until all is told."""

    def __init__(
        self,
        api: Api,
        *,
        events: bool,
        webhook: Sink | None,
        warn: Warn,
        now: Callable[[], datetime],
    ) -> None:
        self._api, self._webhook = api, webhook
        self._events = events
        self._warn, self._now = warn, now
        self._warned = False
        self._queue: asyncio.Queue[tuple[Node, Notice] | None] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._worker = asyncio.create_task(self._work())
        return self

    async def __aexit__(self, *error: object) -> None:
        self._queue.put_nowait(None)
        assert self._worker is not None
        await self._worker

    def announce(self, node: Node, notice: Notice) -> None:
        self._queue.put_nowait((node, notice))

    async def _work(self) -> None:
        while (found := await self._queue.get()) is not None:
            node, notice = found
            await asyncio.gather(self._event(node, notice), self._post(notice))

    async def _event(self, node: Node, notice: Notice) -> None:
        if not self._events:
            return
        try:
            await self._api.create_event(
                node, reason=notice.reason, message=notice.message, warning=notice.warning
            )
        except ApiRefused as error:
            self._events = False
            self._warn(f"no Events are written: {error.message}")
        except WharfingerError as error:
            self._warn(f"an Event is lost: {error.message}")

    async def _post(self, notice: Notice) -> None:
        if self._webhook is None:
            return
        document = notices.document(notice, server=self._api.server, at=self._now())
        try:
            await self._webhook.post(document)
        except WharfingerError as error:
            if not self._warned:
                self._warn(error.message)
            self._warned = True
