"""
The recent past in memory, and those who follow it.

A watcher holds a revision and reads on from there when something happens: nothing is queued per
watcher, so a slow one costs no memory. One that falls behind what is kept gets `Expired`, lists
again and goes on, as clients of Kubernetes do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from wharfinger.cluster.errors import Expired, RevisionTooLarge
from wharfinger.cluster.kind import Object
from wharfinger.cluster.store import Key


@dataclass(frozen=True, slots=True)
class Event:
    """One change. The objects are shared with all who see them: never mutate them."""

    revision: int
    key: Key
    object: Object  # as it is now; of a deleted one, its last state at this revision
    previous: Object | None  # None: it was absent
    deleted: bool = False


class History:
    """The events after the revision `compacted`, one per revision."""

    def __init__(self, compacted: int = 0) -> None:
        self.compacted = compacted
        self.closed = False
        self._events: list[Event] = []
        self._news = asyncio.Event()

    def __len__(self) -> int:
        return len(self._events)

    @property
    def revision(self) -> int:
        return self.compacted + len(self._events)

    def append(self, event: Event) -> None:
        assert event.revision == self.revision + 1, "the store acknowledged out of order"
        self._events.append(event)
        self._tell()

    def after(self, revision: int) -> Sequence[Event]:
        """What happened since; raise `Expired` if some of it is forgotten."""
        if revision < self.compacted:
            raise Expired(f"too old resource version: {revision} ({self.compacted})")
        if revision > self.revision:
            raise RevisionTooLarge(revision, self.revision)
        return self._events[revision - self.compacted :]

    def forget(self, until: int) -> None:
        until = min(until, self.revision)
        if until > self.compacted:
            del self._events[: until - self.compacted]
            self.compacted = until

    def close(self) -> None:
        """End all watches."""
        self.closed = True
        self._tell()

    async def news(self) -> None:
        """Wait until something is appended, or the history is closed."""
        if not self.closed:
            await self._news.wait()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class Watch:
    """The events after `revision` that are `wanted`, as they come; ends when we shut down."""

    def __init__(self, history: History, since: int, wanted: Callable[[Event], bool]) -> None:
        history.after(since)
        self.revision = since
        """All up to here has been delivered, or was of no interest."""
        self._history = history
        self._wanted = wanted
        self._ready: list[Event] = []

    async def batch(self, within: float | None = None) -> Sequence[Event] | None:
        """The next events; none of them if `within` seconds pass first; None at the end."""
        try:
            async with asyncio.timeout(within):
                while not (events := self.catch_up()):
                    if self._history.closed:
                        return None
                    await self._history.news()
        except TimeoutError:
            return ()
        return events

    def catch_up(self) -> list[Event]:
        """The next events, if there are any, without waiting."""
        events = [event for event in self._history.after(self.revision) if self._wanted(event)]
        self.revision = self._history.revision
        return events

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """One event. Use this or `batch`, not both on one watch."""
        if not self._ready:
            events = await self.batch()
            if events is None:
                raise StopAsyncIteration
            self._ready = list(reversed(events))
        return self._ready.pop()
