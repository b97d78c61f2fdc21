"""
The contract of the object store: a log of revisions over the present state of every key.

After kine: one counter for the whole store, each commit takes the next revision, a watch is a
read of the log. The store keeps bytes and knows nothing of kinds. All reads that serve requests
come from memory (`cache.py`); a store is read once, at start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

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
    """All that a store held at `revision`, and the log since `compacted` (exclusive)."""

    revision: int
    compacted: int
    state: Sequence[Change]  # the last change of each present key
    log: Sequence[Change]  # in order of revision


class Store(Protocol):
    """A store that acknowledges a commit only when it would survive a crash."""

    async def load(self) -> Snapshot: ...

    async def commit(self, write: Write) -> Change:
        """Write; raise `RevisionConflict`, changing nothing, if the key is not as expected.

        Commits that arrive together may share one sync. Raises `StorageFull` on a full disk.
        """
        ...

    async def compact(self, revision: int) -> None:
        """Forget the log up to and including `revision`; the present state stays."""
        ...

    async def close(self) -> None: ...
