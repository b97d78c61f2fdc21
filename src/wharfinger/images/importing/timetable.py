"""
When each scheduled stream is looked at again, and which one is next.

Pure; the time comes in. Each is due once in an interval. If more are due than may be looked at in a
minute, projects take turns, so that one with ten thousand streams delays no other. What is put in
first comes at a moment of its own within the interval, so that a restart does not ask all registries
at once.
"""

from __future__ import annotations

import heapq
import zlib
from collections import OrderedDict, deque
from typing import NamedTuple


class StreamName(NamedTuple):
    namespace: str
    name: str


class Timetable:
    """`per_minute` is how many may be begun in a minute, negative for any number."""

    def __init__(self, interval: float, per_minute: int, *, now: float) -> None:
        self._interval, self._per_minute = interval, per_minute
        self._due: dict[StreamName, float] = {}
        self._order: list[tuple[float, StreamName]] = []
        """A heap; an entry that is not what `_due` says is of the past."""
        self._ready: OrderedDict[str, deque[StreamName]] = OrderedDict()
        self._credit, self._counted = float(max(per_minute, 0)), now

    def __len__(self) -> int:
        return len(self._due)

    def put(self, stream: StreamName, now: float) -> None:
        """Look at it from now on; one that is here already keeps its time."""
        if stream not in self._due:
            share = zlib.crc32("/".join(stream).encode()) / 2**32
            self._set(stream, now + self._interval * (1 + share) / 2)

    def remove(self, stream: StreamName) -> None:
        self._due.pop(stream, None)

    def clear(self) -> None:
        self._due.clear()
        self._order.clear()
        self._ready.clear()

    def take(self, now: float) -> list[StreamName]:
        """Those to look at now; each is due again after the interval."""
        self._refill(now)
        while self._order and self._order[0][0] <= now:
            due, stream = heapq.heappop(self._order)
            if self._due.get(stream) == due:
                self._ready.setdefault(stream.namespace, deque()).append(stream)
        taken: list[StreamName] = []
        while self._ready and self._pays():
            stream = self._pop()
            if stream in self._due:
                self._set(stream, now + self._interval)
                taken.append(stream)
            elif self._per_minute >= 0:
                self._credit += 1
        return taken

    def pause(self, now: float) -> float | None:
        """After how many seconds to `take` again; None if nothing will be due."""
        if self._ready:
            return 60 / self._per_minute
        return max(self._order[0][0] - now, 0.0) if self._order else None

    def _set(self, stream: StreamName, due: float) -> None:
        self._due[stream] = due
        heapq.heappush(self._order, (due, stream))

    def _refill(self, now: float) -> None:
        """Credit for a minute, and for one more that was not used."""
        if self._per_minute >= 0:
            earned = max(now - self._counted, 0.0) * self._per_minute / 60
            self._credit = min(self._credit + earned, 2.0 * self._per_minute)
            self._counted = now

    def _pays(self) -> bool:
        if self._per_minute < 0:
            return True
        if self._credit < 1:
            return False
        self._credit -= 1
        return True

    def _pop(self) -> StreamName:
        """The first of the project whose turn it is."""
        project, queue = next(iter(self._ready.items()))
        stream = queue.popleft()
        if queue:
            self._ready.move_to_end(project)
        else:
            del self._ready[project]
        return stream
