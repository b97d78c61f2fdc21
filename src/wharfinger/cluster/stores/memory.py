"""An object store that forgets at exit: for tests, and as the plainest form of the contract."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from wharfinger.cluster.errors import StoreClosed
from wharfinger.cluster.store import Change, Key, Snapshot, Write, ignore, next_change


class MemoryStore:
    def __init__(self) -> None:
        self._compacted = 0
        self._base: dict[Key, Change] = {}
        self._state: dict[Key, Change] = {}
        self._log: list[Change] = []
        self._closed = False

    async def load(self) -> Snapshot:
        return Snapshot(
            revision=self._revision,
            compacted=self._compacted,
            state=tuple(self._base.values()),
            log=tuple(self._log),
        )

    async def commit(self, write: Write, committed: Callable[[Change], None] = ignore) -> Change:
        if self._closed:
            raise StoreClosed("cannot write: the store is closed")
        change = next_change(write, self._state.get(write.key), self._revision + 1)
        self._log.append(change)
        _apply(self._state, change)
        committed(change)
        await asyncio.sleep(0)  # others have their turn, as while a real one writes
        return change

    async def compact(self, revision: int) -> None:
        forgotten = [change for change in self._log if change.revision <= revision]
        self._log = self._log[len(forgotten) :]
        for change in forgotten:
            _apply(self._base, change)
            self._compacted = change.revision

    async def close(self) -> None:
        self._closed = True

    @property
    def _revision(self) -> int:
        return self._log[-1].revision if self._log else self._compacted


def _apply(state: dict[Key, Change], change: Change) -> None:
    if change.deleted:
        del state[change.key]
    else:
        state[change.key] = change
