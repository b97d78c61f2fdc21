"""
The contract of the object store: a log of revisions over the present state of every key.

After kine: one counter for the whole store, each commit takes the next revision, a watch is a
read of the log. The store keeps bytes and knows nothing of kinds. All reads that serve requests
come from memory (`cache.py`); a store is read once, at start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from wharfinger.cluster.errors import RevisionConflict
from wharfinger.cluster.kind import GroupResource


class Key(NamedTuple):
    """Where an object lives; `namespace` is "" for cluster-scoped kinds."""

    resource: GroupResource
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Write:
    """Put (`value` is JSON) or delete (`value` is None) a key whose present state is `expected`."""

    key: Key
    value: bytes | None
    expected: int  # the revision of the key's last change; 0: the key is absent


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the log. A deletion carries the last value, so that watchers can show it."""

    revision: int
    key: Key
    value: bytes
    deleted: bool
    previous: int  # revision of the state before; 0: it was absent (so this is a creation)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state at `compacted`, and the log since then (exclusive) that leads to `revision`.

    So whoever replays the log knows the state before each change, also of keys deleted since.
    """

    revision: int
    compacted: int
    state: Sequence[Change]  # the last change, up to `compacted`, of each key present then
    log: Sequence[Change]  # one change per revision, in order


def next_change(write: Write, present: Change | None, revision: int) -> Change:
    """The line that `write` adds to the log, if the key is as it expects.

    To delete what is absent is a conflict too: there is nothing to tell watchers of.
    """
    found = present.revision if present is not None else 0
    if write.expected != found:
        raise RevisionConflict(write.expected, found)
    if write.value is not None:
        return Change(revision, write.key, write.value, deleted=False, previous=found)
    if present is None:
        raise RevisionConflict(write.expected, found)
    return Change(revision, write.key, present.value, deleted=True, previous=found)


def ignore(_: object) -> None:
    """For who need not be told of what was committed."""


class Store(Protocol):
    """A store that acknowledges a commit only when it would survive a crash."""

    async def load(self) -> Snapshot: ...

    async def commit(self, write: Write, committed: Callable[[Change], None] = ignore) -> Change:
        """Write; raise `RevisionConflict`, changing nothing, if the key is not as expected.

        `committed` is called on the event loop for each write that was done, in their order and
        before its caller wakes, even if that was cancelled meanwhile.

        Commits that arrive together may share one sync; a conflict of one is none of another's.
        Revisions are consecutive, and waiting callers wake in their order. Raises `StorageFull`
        on a full disk. A caller that is cancelled does not know whether its write was done.
        """
        ...

    async def compact(self, revision: int) -> None:
        """Forget the log up to and including `revision`; the present state stays."""
        ...

    async def close(self) -> None: ...
