"""
All objects in memory, as they are and as they lately were.

Every read is answered from here, and every write goes through here: it is in the store before
it is in memory, and in memory before the writer hears of it, so the next decision sees it. The
objects handed out are shared: never mutate them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final, Self, TypeVar

import msgspec

from wharfinger.cluster.kind import GroupResource, Object
from wharfinger.cluster.store import Change, Key, Snapshot, Store, Write
from wharfinger.cluster.watch import Event, History, Watch
from wharfinger.errors import WharfingerError

KEEP: Final = 10_000
"""How many changes are kept for watches and for lists in pages."""

_T = TypeVar("_T")
_Names = tuple[str, str]


class Cache:
    """Made by `open`, once per store."""

    def __init__(self, store: Store, snapshot: Snapshot, *, keep: int = KEEP) -> None:
        self._store = store
        self._keep = keep
        self._state: dict[GroupResource, dict[_Names, Object]] = {}
        self._history = History(snapshot.compacted)
        self._running: set[asyncio.Task[Any]] = set()
        self._compacting = False
        for change in snapshot.state:
            self._of(change.key)[_names(change.key)] = _decode(change)
        for change in snapshot.log:
            self._absorb(change)

    @classmethod
    async def open(cls, store: Store, *, keep: int = KEEP) -> Self:
        return cls(store, await store.load(), keep=keep)

    @property
    def revision(self) -> int:
        return self._history.revision

    def get(self, resource: GroupResource, namespace: str, name: str) -> Object | None:
        return self._state.get(resource, {}).get((namespace, name))

    def list(self, resource: GroupResource, namespace: str | None = None) -> Sequence[Object]:
        """In order of namespace and name; `namespace` None means all."""
        return _sorted(self._state.get(resource, {}), namespace)

    def list_at(
        self, resource: GroupResource, revision: int, namespace: str | None = None
    ) -> Sequence[Object]:
        """As it was at `revision`; raise `Expired` if that is forgotten."""
        state = dict(self._state.get(resource, {}))
        for event in reversed(self._history.after(revision)):
            if event.key.resource == resource:
                if event.previous is None:
                    state.pop(_names(event.key), None)
                else:
                    state[_names(event.key)] = event.previous
        return _sorted(state, namespace)

    def watch(
        self,
        resource: GroupResource | None = None,
        namespace: str | None = None,
        *,
        since: int | None = None,
    ) -> Watch:
        """Follow the changes after `since` (now, if None); raise `Expired` if that is forgotten."""

        def wanted(event: Event) -> bool:
            key = event.key
            return resource in (None, key.resource) and namespace in (None, key.namespace)

        return Watch(self._history, self.revision if since is None else since, wanted)

    async def commit(self, write: Write) -> Change:
        """Write to the store and then here; raise `RevisionConflict` if the key has changed.

        A caller that is cancelled does not stop it: what the store did must show here.
        """
        return await asyncio.shield(self._start(self._commit(write)))

    def end_watches(self) -> None:
        """Let every watch end now; reads and writes go on."""
        self._history.close()

    async def close(self) -> None:
        """End the watches, let the writes under way finish, and close the store."""
        self.end_watches()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._store.close()

    async def _commit(self, write: Write) -> Change:
        change = await self._store.commit(write)
        self._absorb(change)
        if not self._compacting and len(self._history) > self._keep + self._keep // 10:
            self._compacting = True
            self._start(self._compact(self.revision - self._keep))
        return change

    async def _compact(self, revision: int) -> None:
        self._history.forget(revision)
        # What the store cannot forget now (a full disk) it forgets with the next compaction.
        with contextlib.suppress(WharfingerError):
            await self._store.compact(revision)
        self._compacting = False

    def _absorb(self, change: Change) -> None:
        names, state = _names(change.key), self._of(change.key)
        previous = state.pop(names, None)
        obj = _decode(change)
        if not change.deleted:
            state[names] = obj
        self._history.append(Event(change.revision, change.key, obj, previous, change.deleted))

    def _of(self, key: Key) -> dict[_Names, Object]:
        return self._state.setdefault(key.resource, {})

    def _start(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task


def _names(key: Key) -> _Names:
    return (key.namespace, key.name)


def _sorted(state: Mapping[_Names, Object], namespace: str | None) -> Sequence[Object]:
    return [state[names] for names in sorted(state) if namespace in (None, names[0])]


def _decode(change: Change) -> Object:
    obj: Object = msgspec.json.decode(change.value)
    obj["metadata"]["resourceVersion"] = str(change.revision)
    return obj
