"""
The object store in one SQLite file: a table that is both the log and the state.

After kine: a row per change; compaction removes the rows that a later, compacted change made
obsolete, so what stays up to `compacted` is the state there was then. Commits that wait together
share a sync (`sqlite/group_commit.py`), and a conflict of one leaves the others alone.
The file is locked exclusively: a second process is refused when it opens it.
"""

# ruff: noqa: S608 (statements are put together from words of this module; values are bound)

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeVar

from wharfinger.cluster.errors import RevisionConflict, StoreBroken, StoreClosed
from wharfinger.cluster.kind import GroupResource
from wharfinger.cluster.store import Change, Key, Snapshot, Write, ignore, next_change
from wharfinger.errors import StorageFull, WharfingerError
from wharfinger.sqlite.group_commit import GroupCommit, Together, is_full

_T = TypeVar("_T")

_VERSION: Final = 1
_SCHEMA: Final = (
    """CREATE TABLE changes (
        revision INTEGER PRIMARY KEY,
        api_group TEXT NOT NULL,
        resource TEXT NOT NULL,
        namespace TEXT NOT NULL,
        name TEXT NOT NULL,
        value BLOB NOT NULL,
        deleted INTEGER NOT NULL,
        previous INTEGER NOT NULL
    )""",
    "CREATE INDEX changes_by_key ON changes (api_group, resource, namespace, name, revision)",
    "CREATE TABLE compaction (revision INTEGER NOT NULL)",
    "INSERT INTO compaction VALUES (0)",
    f"PRAGMA user_version = {_VERSION}",
)
_COLUMNS: Final = "revision, api_group, resource, namespace, name, value, deleted, previous"
_INSERT: Final = f"INSERT INTO changes ({_COLUMNS}) VALUES %s"
_NEWEST: Final = """SELECT max(
    (SELECT coalesce(max(revision), 0) FROM changes), (SELECT revision FROM compaction))"""
_PRESENT: Final = f"""SELECT {_COLUMNS} FROM (VALUES %s) AS wanted JOIN changes ON revision = (
    SELECT max(revision) FROM changes WHERE api_group = wanted.column1
    AND resource = wanted.column2 AND namespace = wanted.column3 AND name = wanted.column4)"""
_FORGET: Final = """DELETE FROM changes WHERE
    revision IN (SELECT previous FROM changes WHERE revision > :since AND revision <= :until)
    OR (deleted AND revision > :since AND revision <= :until)"""
"""Deletions up to `since` went with the compaction before: to look for them again is to read it all."""


class SqliteStore:
    """Opens (or makes) the file at once, with mode 0600; its directory must be there."""

    def __init__(self, path: Path) -> None:
        self._writer = GroupCommit(_open(path), name="objects-writer", translate=_translate)
        self._closed = False

    async def load(self) -> Snapshot:
        return await self._run(_load)

    async def commit(self, write: Write, committed: Callable[[Change], None] = ignore) -> Change:
        self._require_open()
        return await self._writer.write(Together(_commit, write), committed)

    async def compact(self, revision: int) -> None:
        await self._run(partial(_compact, revision))

    async def close(self) -> None:
        """Finish what is queued and close the file."""
        if not self._closed:
            self._closed = True
            await self._writer.close()

    async def _run(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        self._require_open()
        return await self._writer.write(work)

    def _require_open(self) -> None:
        if self._closed:
            raise StoreClosed("cannot use the object store: it is closed")


def _load(connection: sqlite3.Connection) -> Snapshot:
    compacted = _compacted(connection)
    rows = connection.execute(f"SELECT {_COLUMNS} FROM changes ORDER BY revision")
    changes = [_change(row) for row in rows]
    return Snapshot(
        revision=_revision(connection),
        compacted=compacted,
        state=tuple(change for change in changes if change.revision <= compacted),
        log=tuple(change for change in changes if change.revision > compacted),
    )


def _commit(
    connection: sqlite3.Connection, writes: Sequence[Write]
) -> Sequence[Change | RevisionConflict]:
    """All in one question and one statement, since each hands Python to the reading thread."""
    present = _present(connection, {write.key for write in writes})
    revision = _revision(connection)
    results: list[Change | RevisionConflict] = []
    made: list[Change] = []
    for write in writes:
        try:
            change = next_change(write, present.get(write.key), revision + 1)
        except RevisionConflict as conflict:
            results.append(conflict)
            continue
        revision = change.revision
        present[change.key] = None if change.deleted else change
        results.append(change)
        made.append(change)
    if made:
        values = (
            (one.revision, *_key_columns(one.key), one.value, one.deleted, one.previous)
            for one in made
        )
        statement = _INSERT % ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?)"] * len(made))
        connection.execute(statement, tuple(chain.from_iterable(values)))
    return results


def _present(connection: sqlite3.Connection, keys: Collection[Key]) -> dict[Key, Change | None]:
    """The newest change of each key that is there."""
    statement = _PRESENT % ", ".join(["(?, ?, ?, ?)"] * len(keys))
    wanted = tuple(chain.from_iterable(map(_key_columns, keys)))
    rows = connection.execute(statement, wanted).fetchall()
    return {change.key: change for change in map(_change, rows) if not change.deleted}


def _compact(revision: int, connection: sqlite3.Connection) -> None:
    span = {"since": _compacted(connection), "until": min(revision, _revision(connection))}
    if span["until"] > span["since"]:
        connection.execute(_FORGET, span)
        connection.execute("UPDATE compaction SET revision = :until", span)


def _compacted(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT revision FROM compaction").fetchone()[0])


def _revision(connection: sqlite3.Connection) -> int:
    return int(connection.execute(_NEWEST).fetchone()[0])


def _translate(error: sqlite3.Error) -> WharfingerError:
    if is_full(error):
        return StorageFull(
            "cannot write the object store: the disk is full", remedy="free space in --state"
        )
    return StoreBroken(f"cannot use the object store: {error}")


def _open(path: Path) -> sqlite3.Connection:
    fresh = not path.exists()
    if fresh:
        path.touch(mode=0o600)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
    try:
        # Exclusive before WAL: then the index of the log lives in memory, in no shared file.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        _require_schema(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise StoreBroken(f"cannot open the object store {path}: {error}") from error
    except StoreBroken:
        connection.close()
        raise
    if fresh:
        _sync_directory(path.parent)
    return connection


def _require_schema(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        with connection:
            connection.execute("BEGIN EXCLUSIVE")
            for statement in _SCHEMA:
                connection.execute(statement)
    elif version != _VERSION:
        raise StoreBroken(
            f"cannot open the object store {path}: it has format {version}, we know {_VERSION}",
            remedy="use the version of Wharfinger that wrote it, or a newer one",
        )


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _key_columns(key: Key) -> tuple[str, str, str, str]:
    return (key.resource.group, key.resource.resource, key.namespace, key.name)


def _change(row: tuple[Any, ...]) -> Change:
    revision, group, resource, namespace, name, value, deleted, previous = row
    key = Key(GroupResource(group, resource), namespace, name)
    return Change(revision, key, value, deleted=bool(deleted), previous=previous)
