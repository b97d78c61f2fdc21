"""
One thread that writes to one SQLite database, with one sync for all writes that wait.

A write is a function of the connection. While one batch is being synced the next one gathers,
so that under load many writes share the price of a sync, and alone a write waits for nothing.
A write must raise what it raises on purpose before it changes anything: then the others of its
batch are not touched. An error of SQLite undoes the whole batch and reaches all of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from queue import SimpleQueue
from typing import Any, Final, Generic, TypeVar

from wharfinger.errors import WharfingerError

T = TypeVar("T")
W = TypeVar("W")

Translate = Callable[[sqlite3.Error], Exception]

_Run = Callable[[sqlite3.Connection, Sequence[Any]], Sequence[Any]]

_MAX_BATCH: Final = 256


@dataclass(frozen=True, slots=True)
class Together(Generic[W, T]):
    """A write that is done with those of its kind that come right before and after it in a batch.

    `run` gets them in order, and gives for each its result or the error that is only its own.
    """

    run: Callable[[sqlite3.Connection, Sequence[W]], Sequence[T | WharfingerError]]
    write: W


@dataclass(slots=True)
class _Write:
    together: Together[Any, Any]
    committed: Callable[[Any], None]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None

    def deliver(self) -> None:
        """On the loop: first let the reader's memory know, then acknowledge."""
        if self.error is None:
            try:
                self.committed(self.result)
            except Exception as error:  # it is its writer's to hear, and no other's
                self.error = error
        if self.done.done():  # the request was cancelled; the write stands all the same
            return
        if self.error is not None:
            self.done.set_exception(self.error)
        else:
            self.done.set_result(self.result)


class GroupCommit:
    """The connection is ours from here on: the writing thread alone uses and closes it.

    All who write do so on one event loop, which is told of a whole batch at once: to wake it from
    another thread costs more than a small write does.
    `name` is that of the thread; `translate` gives the words for an error of SQLite.
    """

    def __init__(self, connection: sqlite3.Connection, *, name: str, translate: Translate) -> None:
        self._connection = connection
        self._translate = translate
        self._queue: SimpleQueue[_Write | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def write(
        self,
        run: Callable[[sqlite3.Connection], T] | Together[Any, T],
        committed: Callable[[T], None] = lambda _: None,
    ) -> T:
        """Run in a transaction; `committed` is called on the loop even if we are cancelled."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        together = run if isinstance(run, Together) else Together(_each, run)
        self._queue.put(_Write(together, committed, loop, done))
        return await done

    async def close(self) -> None:
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        with contextlib.closing(self._connection) as connection:
            more = True
            while more:
                batch, more = self._gather()
                if batch:
                    self._commit(connection, batch)
                    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                        batch[0].loop.call_soon_threadsafe(_deliver, batch)

    def _gather(self) -> tuple[list[_Write], bool]:
        batch: list[_Write] = []
        while len(batch) < _MAX_BATCH and not (batch and self._queue.empty()):
            write = self._queue.get()
            if write is None:
                return batch, False
            batch.append(write)
        return batch, True

    def _commit(self, connection: sqlite3.Connection, batch: list[_Write]) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            for run, writes in groupby(batch, key=lambda write: write.together.run):
                _run(connection, run, list(writes))
            connection.execute("COMMIT")
        except Exception as error:
            if connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):  # the next BEGIN will say it again
                    connection.execute("ROLLBACK")
            told = self._translate(error) if isinstance(error, sqlite3.Error) else error
            for write in batch:
                write.error = write.error or told


def _deliver(batch: Iterable[_Write]) -> None:
    for write in batch:
        write.deliver()


def _run(connection: sqlite3.Connection, run: _Run, writes: Sequence[_Write]) -> None:
    results = run(connection, [write.together.write for write in writes])
    for write, result in zip(writes, results, strict=True):
        if isinstance(result, WharfingerError):
            write.error = result
        else:
            write.result = result


def _each(
    connection: sqlite3.Connection, writes: Iterable[Callable[[sqlite3.Connection], Any]]
) -> Sequence[Any]:
    results: list[Any] = []
    for write in writes:
        try:
            results.append(write(connection))
        except WharfingerError as refused:
            results.append(refused)
    return results


def is_full(error: sqlite3.Error) -> bool:
    """Whether there was no room on the disk; not every error comes from SQLite with a code."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
