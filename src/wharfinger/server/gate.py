"""
The gate before the object API: requests pass it when `fairness.Schedule` says so.

Administrators (`system:masters`) pass always, since they must be able to end a flood. Who acts for
another is counted as themselves, so nobody gets more by putting on more names. A request that waits
too long, or finds the queue full, is answered with 429 and `Retry-After`. Watches last, so they are
counted apart.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from wharfinger.cluster.subject import MASTERS, Subject
from wharfinger.errors import TooManyRequests
from wharfinger.server.fairness import Schedule, Shares, State, Ticket
from wharfinger.server.metrics import Metrics

WAIT_SECONDS: Final = 15.0


class Flood(TooManyRequests):
    """The words are those of Kubernetes; clients wait and try again."""

    code = "flood"

    def __init__(self) -> None:
        super().__init__("Too many requests, please try again later.")


class Gate:
    def __init__(
        self,
        metrics: Metrics | None = None,
        shares: Shares | None = None,
        *,
        seconds: float = WAIT_SECONDS,
    ) -> None:
        self._shares = shares or Shares()
        self._schedule = Schedule(self._shares)
        self._seconds = seconds
        self._begins: dict[Ticket, asyncio.Future[None]] = {}
        self._watches: Counter[str] = Counter()
        self._watching = 0
        self._metrics = metrics
        if metrics is not None:
            metrics.object_seats.set_function(lambda: self._schedule.seats)
            metrics.object_waiting.set_function(lambda: self._schedule.waiting)
            metrics.object_watches.set_function(lambda: self._watching)

    @asynccontextmanager
    async def seat(self, subject: Subject, seats: int) -> AsyncIterator[bool]:
        """Run when it is our turn; tells whether that took any waiting. Raises `Flood`."""
        if MASTERS in subject.groups:
            yield False
            return
        ticket = self._schedule.arrive(subject.name, seats)
        if ticket is None:
            raise self._refused("queue")
        try:
            yield await self._turn(ticket)
        finally:
            for started in self._schedule.leave(ticket):
                self._begin(started)

    @contextmanager
    def watch(self, subject: Subject) -> Iterator[None]:
        """Count a watch while it goes on. Raises `Flood`."""
        if MASTERS not in subject.groups and (
            self._watching >= self._shares.watches
            or self._watches[subject.name] >= self._shares.watches_each
        ):
            raise self._refused("watches")
        self._watches[subject.name] += 1
        self._watching += 1
        try:
            yield
        finally:
            self._watching -= 1
            self._watches[subject.name] -= 1
            if not self._watches[subject.name]:
                del self._watches[subject.name]

    async def _turn(self, ticket: Ticket) -> bool:
        if ticket.state is State.RUNNING:
            if ticket.seats > 1:
                # What takes long lets all that came meanwhile take their places first.
                await asyncio.sleep(0)
            return False
        begins = self._begins[ticket] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._seconds):
                await begins
        except TimeoutError:
            raise self._refused("time") from None
        finally:
            del self._begins[ticket]
        return True

    def _begin(self, ticket: Ticket) -> None:
        begins = self._begins.get(ticket)
        if begins is not None and not begins.done():
            begins.set_result(None)

    def _refused(self, reason: str) -> Flood:
        if self._metrics is not None:
            self._metrics.object_refused.labels(reason).inc()
        return Flood()
