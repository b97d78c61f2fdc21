"""
The recent past in memory, and those who follow it.

A watcher holds a revision and reads on from there when something happens: nothing is queued per
watcher, so a slow one costs no memory. One that falls behind what is kept gets `Expired`, lists
again and goes on, as clients of Kubernetes do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from wharfinger.cluster.errors import Expired, RevisionTooLarge
from wharfinger.cluster.kind import GroupResource, Object
from wharfinger.cluster.states import State
from wharfinger.cluster.store import Key


@dataclass(frozen=True, slots=True)
class Event:
    """One change. The objects are shared with all who see them: never mutate them."""

    revision: int
    key: Key
    state: State  # as it is now; of a deleted one, its last state at this revision
    before: State | None  # None: it was absent
    deleted: bool = False

    @property
    def object(self) -> Object:
        return self.state.object

    @property
    def previous(self) -> Object | None:
        return self.before.object if self.before is not None else None


class Topic(NamedTuple):
    """What a watch is of; None means all."""

    resource: GroupResource | None = None
    namespace: str | None = None

    def covers(self, event: Event) -> bool:
        key = event.key
        return self.resource in (None, key.resource) and self.namespace in (None, key.namespace)


EVERYTHING: Final = Topic()


class History:
    """The events after the revision `compacted`, one per revision."""

    def __init__(self, compacted: int = 0) -> None:
        self.compacted = compacted
        self.closed = False
        self._events: list[Event] = []
        self._waiting: dict[Topic, dict[asyncio.Future[int], None]] = {}

    def __len__(self) -> int:
        return len(self._events)

    @property
    def revision(self) -> int:
        return self.compacted + len(self._events)

    @property
    def waiting(self) -> int:
        """How many wait for news."""
        return len({waiter for one in self._waiting.values() for waiter in one})

    def append(self, event: Event) -> None:
        assert event.revision == self.revision + 1, "the store acknowledged out of order"
        self._events.append(event)
        if self._waiting:
            key = event.key
            for resource in (None, key.resource):
                for namespace in (None, key.namespace):
                    self._wake(Topic(resource, namespace), event.revision - 1)

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
        for topic in list(self._waiting):
            self._wake(topic, self.revision)

    async def news(self, topics: Sequence[Topic], within: float | None = None) -> int:
        """Wait for an event of a topic, for so many seconds, or until the history is closed.

        Returns the revision up to which nothing was of interest. Only those are woken whom an
        event concerns: with one event for all, 500 watches of one kind were woken by each change
        of any other. No task and no timeout of asyncio either, since each costs every waiter.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[int] = loop.create_future()
        for topic in topics:
            self._waiting.setdefault(topic, {})[waiter] = None
        timer = loop.call_later(within, self._give_up, waiter) if within is not None else None
        try:
            return await waiter
        finally:
            if timer is not None:
                timer.cancel()
            for topic in topics:
                self._leave(topic, waiter)

    def _give_up(self, waiter: asyncio.Future[int]) -> None:
        if not waiter.done():
            waiter.set_result(self.revision)

    def _wake(self, topic: Topic, revision: int) -> None:
        for waiter in self._waiting.pop(topic, ()):
            if not waiter.done():
                waiter.set_result(revision)

    def _leave(self, topic: Topic, waiter: asyncio.Future[int]) -> None:
        """Forget one that was not woken by an event of this topic."""
        waiting = self._waiting.get(topic, {})
        if waiter in waiting:
            del waiting[waiter]
            if not waiting:
                del self._waiting[topic]


class Watch:
    """The events after `revision` on some topics, as they come; ends when we shut down."""

    def __init__(self, history: History, since: int, *topics: Topic) -> None:
        """Without a topic all events are of interest."""
        history.after(since)
        self.revision = since
        """All up to here has been delivered, or was of no interest."""
        self._history = history
        self._topics = topics or (EVERYTHING,)
        self._ready: list[Event] = []

    async def batch(self, within: float | None = None) -> Sequence[Event] | None:
        """The next events; none of them if `within` seconds pass first; None at the end."""
        events = self.catch_up()
        if not events and not self._history.closed:
            self.revision = await self._history.news(self._topics, within)
            events = self.catch_up()
        return events or (None if self._history.closed else ())

    def catch_up(self) -> list[Event]:
        """The next events, if there are any, without waiting."""
        events = [one for one in self._history.after(self.revision) if self._covers(one)]
        self.revision = self._history.revision
        return events

    def _covers(self, event: Event) -> bool:
        return any(topic.covers(event) for topic in self._topics)

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
