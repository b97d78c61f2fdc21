"""
The loop that brings the world to what it should be, from whatever it is.

A controller names the keys that an event concerns and reconciles one key at a time, from the
present state alone: it never trusts that an event came, or came once. So a start looks at
everything, a crash in the middle of a step is healed by the next look, and a race with somebody
else (a conflict, something just made or just gone) is simply looked at again.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Collection, Hashable, Iterable
from typing import Protocol

from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import Expired
from wharfinger.cluster.kind import GroupResource
from wharfinger.cluster.tokens import Clock
from wharfinger.cluster.watch import Event
from wharfinger.errors import AlreadyExists, BadInput, Conflict, Forbidden, NotFound, TooLarge

RETRY = 1.0
"""Seconds after which a race is looked at again."""

LATER = 60.0
"""Seconds after which is looked again at what its owner made impossible to complete."""

LONGEST_WAIT = 60.0
"""Seconds after which the clock is read again, should it have been set."""


class Controller(Protocol):
    @property
    def follows(self) -> Collection[GroupResource] | None:
        """The resources whose events may concern it; None: all. Only these are looked at."""
        ...

    def everything(self) -> Iterable[Hashable]:
        """The keys to look at when nothing is known; also forget all that was remembered."""
        ...

    def concerned(self, event: Event) -> Iterable[Hashable]:
        """The keys to look at after an event of what it follows; called once for each, in order."""
        ...

    async def reconcile(self, key: Hashable) -> float | None:
        """Bring one key to its wanted state; say after how many seconds to look again."""
        ...


class Runner:
    """Runs one controller over the changes of a cache."""

    def __init__(self, cache: Cache, controller: Controller, *, clock: Clock = time.time) -> None:
        self._cache = cache
        self._controller = controller
        self._clock = clock
        self._numbers = itertools.count()
        self._begin()

    async def run(self) -> None:
        """Work until the cache ends its watches; raises what a reconciliation raises."""
        self._begin()
        while True:
            await self.work()
            try:
                events = await self._watch.batch(self._pause())
            except Expired:
                self._begin()
                continue
            if events is None:
                return
            self._note(events)

    async def work(self) -> bool:
        """Do what is due now; say whether there was anything."""
        worked = False
        while ready := self._ready():
            worked = True
            for key in ready:
                again = await self._attempt(key)
                if again is not None:
                    self._put_off(key, self._clock() + again)
                await asyncio.sleep(0)  # requests are answered between two keys
        return worked

    def _begin(self) -> None:
        self._watch = self._cache.follow(self._controller.follows)
        self._now: dict[Hashable, None] = dict.fromkeys(self._controller.everything())
        self._later: dict[Hashable, float] = {}
        self._timers: list[tuple[float, int, Hashable]] = []
        """A heap of what is put off; it has entries too of what was looked at in between."""

    def _ready(self) -> list[Hashable]:
        try:
            self._note(self._watch.catch_up())
        except Expired:
            self._begin()
        now = self._clock()
        while self._timers and self._timers[0][0] <= now:
            due, _, key = heapq.heappop(self._timers)
            if self._later.get(key) == due:
                del self._later[key]
                self._now[key] = None
        ready, self._now = list(self._now), {}
        return ready

    def _note(self, events: Iterable[Event]) -> None:
        for event in events:
            for key in self._controller.concerned(event):
                self._now[key] = None
                self._later.pop(key, None)

    def _put_off(self, key: Hashable, due: float) -> None:
        if key not in self._now and key not in self._later:
            self._later[key] = due
            heapq.heappush(self._timers, (due, next(self._numbers), key))

    async def _attempt(self, key: Hashable) -> float | None:
        try:
            return await self._controller.reconcile(key)
        except (AlreadyExists, Conflict, Forbidden, NotFound):
            return RETRY
        except (BadInput, TooLarge):
            # A tenant's object that has no room for what we add must not stop the work on others.
            return LATER

    def _pause(self) -> float | None:
        if not self._timers:
            return None
        return min(max(self._timers[0][0] - self._clock(), 0.0), LONGEST_WAIT)
