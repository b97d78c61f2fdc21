"""
Imports that nobody waits for: of tags that were asked for in a stream, and of scheduled ones.

Each change of a stream is looked at; what is pending is imported at once, one import of a stream at a
time. A scheduled stream is looked at when its time comes (`timetable.py`), and cheaply: what a tag
means is asked by a HEAD, and a tag that means what it meant costs no more and writes nothing.

Nothing is retried blindly: what an import could not settle (a stream that changed in the middle) waits
for the next change of the stream or the next time of the clock. All that is remembered here may be
forgotten; a restart asks each scheduled tag once more.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import Expired
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM
from wharfinger.cluster.subject import SYSTEM
from wharfinger.cluster.watch import Watch
from wharfinger.errors import WharfingerError
from wharfinger.images.importing import due
from wharfinger.images.importing.importer import Importer
from wharfinger.images.importing.request import ImportRequest, Wanted
from wharfinger.images.importing.timetable import StreamName, Timetable
from wharfinger.images.importing.turns import Turns
from wharfinger.oci.digest import Digest
from wharfinger.policy.import_policy import ImportPolicy

STREAMS: Final = 16
STREAMS_EACH: Final = 4
"""How many streams are imported at a time, in all and of one project."""

_STRETCH: Final = 100

Clock = Callable[[], float]
logger = logging.getLogger(__name__)


class Background:
    """A task of the server; `clock` need not be the time of day."""

    def __init__(
        self,
        cache: Cache,
        importer: Importer,
        policy: ImportPolicy,
        *,
        clock: Clock = time.monotonic,
    ) -> None:
        self._cache, self._importer, self._clock = cache, importer, clock
        self._scheduled = policy.scheduled
        self._table = Timetable(policy.interval, policy.per_minute, now=clock())
        self._turns = Turns(STREAMS, STREAMS_EACH)
        self._busy: set[StreamName] = set()
        self._watch: Watch | None = None
        self._forget()

    async def run(self) -> None:
        """Work until the cache ends its watches."""
        watch = await self._begin()
        async with asyncio.TaskGroup() as group:
            while True:
                self._start_due(group)
                try:
                    events = await watch.batch(self._table.pause(self._clock()))
                except Expired:
                    watch = await self._begin()
                    continue
                if events is None:
                    break
                for event in events:
                    self._look(StreamName(event.key.namespace, event.key.name))

    async def settle(self) -> None:
        """Do all that is due now, and what follows from it: for tests, at a clock of theirs."""
        if self._watch is None:
            self._watch = await self._begin()
        while True:
            for event in self._watch.catch_up():
                self._look(StreamName(event.key.namespace, event.key.name))
            async with asyncio.TaskGroup() as group:
                if not self._start_due(group):
                    return

    @property
    def scheduled(self) -> int:
        """How many streams wait for their time."""
        return len(self._table)

    async def _begin(self) -> Watch:
        """Look at all streams, and follow what becomes of them."""
        self._forget()
        watch = self._cache.follow((IMAGE_STREAM.resource,))
        for number, stream in enumerate(self._cache.list(IMAGE_STREAM.resource)):
            found = stream["metadata"]
            self._look(StreamName(found["namespace"], found["name"]))
            if number % _STRETCH == 0:
                await asyncio.sleep(0)  # a start with many streams answers requests meanwhile
        return watch

    def _forget(self) -> None:
        self._table.clear()
        self._pending: dict[StreamName, None] = {}
        self._tried: dict[StreamName, ImportRequest] = {}
        self._seen: dict[StreamName, dict[Wanted, Digest]] = {}

    def _stream(self, name: StreamName) -> Object | None:
        return self._cache.get(IMAGE_STREAM.resource, *name)

    def _look(self, name: StreamName) -> None:
        """Note what a stream needs now."""
        stream = self._stream(name)
        if stream is None:
            self._table.remove(name)
            for known in (self._pending, self._tried, self._seen):
                known.pop(name, None)
            return
        if due.pending(stream) is None:
            self._tried.pop(name, None)
        else:
            self._pending[name] = None
        if self._scheduled and due.scheduled(stream):
            self._table.put(name, self._clock())
        else:
            self._table.remove(name)
            self._seen.pop(name, None)

    def _start_due(self, group: asyncio.TaskGroup) -> bool:
        """Begin what is due and not under way; whether there was any."""
        begun = False
        for name in [name for name in self._pending if name not in self._busy]:
            del self._pending[name]
            self._busy.add(name)
            group.create_task(self._in_turn(name, self._import_pending))
            begun = True
        for name in self._table.take(self._clock()):
            if name not in self._busy:
                self._busy.add(name)
                group.create_task(self._in_turn(name, self._import_scheduled))
                begun = True
        return begun

    async def _in_turn(
        self, name: StreamName, work: Callable[[StreamName], Awaitable[None]]
    ) -> None:
        """Do the work, and what has become pending in the meantime."""
        try:
            async with self._turns.of(name.namespace):
                await work(name)
                while name in self._pending:
                    del self._pending[name]
                    await self._import_pending(name)
        except WharfingerError as error:
            self._tried.pop(name, None)
            logger.info("cannot import into %s/%s: %s", *name, error.message)
        finally:
            self._busy.discard(name)

    async def _import_pending(self, name: StreamName) -> None:
        stream = self._stream(name)
        request = due.pending(stream) if stream is not None else None
        if request is not None and self._tried.get(name) != request:
            self._tried[name] = request
            await self._importer.run(request, subject=SYSTEM)

    async def _import_scheduled(self, name: StreamName) -> None:
        """Import the tags that mean something else now, or that failed the last time."""
        stream = self._stream(name)
        if stream is None:
            return
        wanted = due.scheduled(stream)
        there = due.arrivals(stream)
        had = {one: there.get(one.to) for one in wanted}
        seen = self._seen.get(name, {})
        means = dict(
            await self._importer.meanings(stream, [one for one in wanted if had[one] is not None])
        )

        def unmoved(one: Wanted) -> bool:
            digest = means.get(one)
            # An index is seen under another digest than the image that was chosen from it.
            return digest is not None and (str(digest) == had[one] or seen.get(one) == digest)

        request = due.request(stream, [one for one in wanted if not unmoved(one)])
        if request is not None:
            await self._importer.run(request, subject=SYSTEM)
        self._seen[name] = {one: digest for one, digest in means.items() if digest is not None}
