"""
The object store in one SQLite file: a table that is both the log and the state.

After kine: a row per change; compaction removes the rows that a later, compacted change made
obsolete, so what stays up to `compacted` is the state there was then. One thread owns the
connection. Commits that wait together go into one transaction and share its sync (WAL with
`synchronous=FULL`); each is answered after it, and a conflict of one leaves the others alone.
The file is locked exclusively: a second process is refused when it opens it.
"""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from wharfinger.cluster.errors import RevisionConflict, StoreBroken, StoreClosed
from wharfinger.cluster.kind import GroupResource
from wharfinger.cluster.store import Change, Key, Snapshot, Write, next_change
from wharfinger.errors import StorageFull, WharfingerError

_VERSION: Final = 1
_BATCH: Final = 512
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
_INSERT: Final = f"INSERT INTO changes ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_PRESENT: Final = f"""SELECT {_COLUMNS} FROM changes
    WHERE api_group = ? AND resource = ? AND namespace = ? AND name = ?
    ORDER BY revision DESC LIMIT 1"""  # noqa: S608
_FORGET: Final = """DELETE FROM changes WHERE
    revision IN (SELECT previous FROM changes WHERE revision > :since AND revision <= :until)
    OR (deleted AND revision <= :until)"""


@dataclass(frozen=True, slots=True)
class _Job:
    waiting: asyncio.Future[Any]

    def answer(self, result: Any) -> None:
        # A loop that is closed has nobody left who waits.
        loop = self.waiting.get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, self.waiting, result)


@dataclass(frozen=True, slots=True)
class _Commit(_Job):
    write: Write


@dataclass(frozen=True, slots=True)
class _Call(_Job):
    call: Callable[[], Any]


def _settle(waiting: asyncio.Future[Any], result: Any) -> None:
    if waiting.done():
        return
    if isinstance(result, Exception):
        waiting.set_exception(result)
    else:
        waiting.set_result(result)


class SqliteStore:
    """Opens (or makes) the file at once, with mode 0600; its directory must be there."""

    def __init__(self, path: Path) -> None:
        self._connection = _open(path)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._writer = threading.Thread(target=self._run, name="objects-writer", daemon=True)
        self._writer.start()

    async def load(self) -> Snapshot:
        snapshot: Snapshot = await self._submit(_Call(_waiting(), self._load))
        return snapshot

    async def commit(self, write: Write) -> Change:
        change: Change = await self._submit(_Commit(_waiting(), write))
        return change

    async def compact(self, revision: int) -> None:
        await self._submit(_Call(_waiting(), lambda: self._compact(revision)))

    async def close(self) -> None:
        """Finish what is queued and close the file."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        await asyncio.to_thread(self._writer.join)

    async def _submit(self, job: _Job) -> Any:
        if self._closed:
            raise StoreClosed("cannot use the object store: it is closed")
        self._jobs.put(job)
        return await job.waiting

    # What follows runs on the writer's thread.

    def _run(self) -> None:
        revision, open_ = self._revision(), True
        while open_:
            jobs = self._take()
            open_ = None not in jobs
            if commits := [job for job in jobs if isinstance(job, _Commit)]:
                revision = self._commit(commits, revision)
            for job in jobs:
                if isinstance(job, _Call):
                    job.answer(_attempt(job.call))
        self._connection.close()

    def _take(self) -> list[_Job | None]:
        """Wait for a job, and take those along that wait already."""
        jobs = [self._jobs.get()]
        while len(jobs) < _BATCH and jobs[-1] is not None and not self._jobs.empty():
            jobs.append(self._jobs.get())
        return jobs

    def _commit(self, batch: Sequence[_Commit], revision: int) -> int:
        """Write the batch in one transaction, answer, and return the revision thereafter."""
        results = _attempt(lambda: self._write_all([job.write for job in batch], revision))
        if isinstance(results, Exception):
            results = [results] * len(batch)
        for job, result in zip(batch, results, strict=True):
            job.answer(result)
        return revision + sum(isinstance(result, Change) for result in results)

    def _write_all(self, writes: Sequence[Write], revision: int) -> list[Change | RevisionConflict]:
        results: list[Change | RevisionConflict] = []
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for write in writes:
                results.append(self._write(write, revision + 1))
                revision += isinstance(results[-1], Change)
        return results

    def _write(self, write: Write, revision: int) -> Change | RevisionConflict:
        row = self._connection.execute(_PRESENT, _key_columns(write.key)).fetchone()
        present = _change(row) if row is not None else None
        if present is not None and present.deleted:
            present = None
        try:
            change = next_change(write, present, revision)
        except RevisionConflict as conflict:
            return conflict
        values = (revision, *_key_columns(write.key), change.value, change.deleted, change.previous)
        self._connection.execute(_INSERT, values)
        return change

    def _load(self) -> Snapshot:
        compacted = self._compacted()
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM changes ORDER BY revision")  # noqa: S608
        changes = [_change(row) for row in rows]
        return Snapshot(
            revision=self._revision(),
            compacted=compacted,
            state=tuple(change for change in changes if change.revision <= compacted),
            log=tuple(change for change in changes if change.revision > compacted),
        )

    def _compact(self, revision: int) -> None:
        span = {"since": self._compacted(), "until": min(revision, self._revision())}
        if span["until"] <= span["since"]:
            return
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(_FORGET, span)
            self._connection.execute("UPDATE compaction SET revision = :until", span)

    def _compacted(self) -> int:
        return int(self._connection.execute("SELECT revision FROM compaction").fetchone()[0])

    def _revision(self) -> int:
        newest = self._connection.execute("SELECT max(revision) FROM changes").fetchone()[0]
        return max(newest or 0, self._compacted())


def _waiting() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


def _attempt(work: Callable[[], Any]) -> Any:
    """Do `work`; an error comes back as the answer, to be raised where somebody waits."""
    try:
        return work()
    except sqlite3.Error as error:
        return _translate(error)
    except Exception as error:  # a bug: it must not end the thread that others wait for
        return error


def _translate(error: sqlite3.Error) -> WharfingerError:
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
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
