"""
All objects in memory, as they are and as they lately were.

Every read is answered from here, and every write goes through here: it is in the store before
it is in memory, and in memory before the writer hears of it, so the next decision sees it. The
objects handed out are shared: never mutate them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Final, Self

from wharfinger.cluster.kind import GroupResource, Object
from wharfinger.cluster.shelf import Names, Shelf
from wharfinger.cluster.states import Recent, State, States
from wharfinger.cluster.store import Change, Key, Snapshot, Store, Write
from wharfinger.cluster.watch import Event, History, Topic, Watch
from wharfinger.errors import WharfingerError

KEEP: Final = 10_000
"""How many changes are kept for watches and for lists in pages."""

_NOTHING: Final = Shelf()


class Cache:
    """Made by `open`, once per store."""

    def __init__(self, store: Store, snapshot: Snapshot, *, keep: int = KEEP) -> None:
        self._store = store
        self._keep = keep
        self._shelves: dict[GroupResource, Shelf] = {}
        self._recent = Recent()
        self._history = History(snapshot.compacted)
        self._compacting: asyncio.Task[None] | None = None
        for change in snapshot.state:
            self._shelf(change.key).put(_names(change.key), self._state(change))
        for change in snapshot.log:
            self._absorb(change)

    @classmethod
    async def open(cls, store: Store, *, keep: int = KEEP) -> Self:
        return cls(store, await store.load(), keep=keep)

    @property
    def revision(self) -> int:
        return self._history.revision

    def get(self, resource: GroupResource, namespace: str, name: str) -> Object | None:
        found = self._shelves.get(resource, _NOTHING).get((namespace, name))
        return found.object if found is not None else None

    def list(
        self,
        resource: GroupResource,
        namespace: str | None = None,
        *,
        after: tuple[str, str] | None = None,
    ) -> States:
        """In order of namespace and name, behind `after`; `namespace` None means all."""
        return self._shelves.get(resource, _NOTHING).list(namespace, after)

    def list_at(
        self,
        resource: GroupResource,
        revision: int,
        namespace: str | None = None,
        *,
        after: tuple[str, str] | None = None,
    ) -> States:
        """As it was at `revision`; raise `Expired` if that is forgotten."""
        then: dict[Names, State | None] = {}
        for event in self._history.after(revision):
            if event.key.resource == resource:
                then.setdefault(_names(event.key), event.before)
        return self._shelves.get(resource, _NOTHING).list_with(then, namespace, after)

    def watch(
        self,
        resource: GroupResource | None = None,
        namespace: str | None = None,
        *,
        since: int | None = None,
    ) -> Watch:
        """Follow the changes after `since` (now, if None); raise `Expired` if that is forgotten."""
        start = self.revision if since is None else since
        return Watch(self._history, start, Topic(resource, namespace))

    def follow(self, resources: Iterable[GroupResource] | None) -> Watch:
        """Follow the changes of several resources (of all, if None) from now on."""
        return Watch(self._history, self.revision, *map(Topic, resources or ()))

    async def commit(self, write: Write) -> Change:
        """Write to the store and then here; raise `RevisionConflict` if the key has changed.

        A caller that is cancelled does not stop it: what the store did must show here.
        """
        return await self._store.commit(write, self._committed)

    def end_watches(self) -> None:
        """Let every watch end now; reads and writes go on."""
        self._history.close()

    async def close(self) -> None:
        """End the watches and close the store, which finishes the writes under way."""
        self.end_watches()
        if self._compacting is not None:
            await self._compacting
        await self._store.close()

    def _committed(self, change: Change) -> None:
        self._absorb(change)
        if self._compacting is None and len(self._history) > self._keep + self._keep // 10:
            work = self._compact(self.revision - self._keep)
            self._compacting = asyncio.create_task(work, name="compaction")

    async def _compact(self, revision: int) -> None:
        self._history.forget(revision)
        # What the store cannot forget now (a full disk) it forgets with the next compaction.
        with contextlib.suppress(WharfingerError):
            await self._store.compact(revision)
        self._compacting = None

    def _absorb(self, change: Change) -> None:
        names, shelf, state = _names(change.key), self._shelf(change.key), self._state(change)
        before = shelf.get(names)
        if change.deleted:
            shelf.remove(names)
        else:
            shelf.put(names, state)
        self._history.append(Event(change.revision, change.key, state, before, change.deleted))

    def _state(self, change: Change) -> State:
        return State(change.revision, change.value, self._recent)

    def _shelf(self, key: Key) -> Shelf:
        return self._shelves.setdefault(key.resource, Shelf())


def _names(key: Key) -> Names:
    return (key.namespace, key.name)
