import asyncio
import sqlite3
import threading

import pytest

from wharfinger.errors import NotFound, StorageFull
from wharfinger.sqlite.group_commit import GroupCommit, Together, is_full


def in_words(error):
    return StorageFull(str(error)) if is_full(error) else error


@pytest.fixture
def connection(tmp_path):
    connection = sqlite3.connect(tmp_path / "db", isolation_level=None, check_same_thread=False)
    connection.execute("CREATE TABLE t (value)")
    return connection


@pytest.fixture
async def writer(connection):
    writer = GroupCommit(connection, name="writer", translate=in_words)
    yield writer
    await writer.close()


def insert(value):
    return lambda connection: connection.execute("INSERT INTO t VALUES (?)", (value,)).lastrowid


async def rows(writer):
    return await writer.write(lambda c: [v for (v,) in c.execute("SELECT value FROM t")])


async def test_writes_that_wait_share_one_transaction(connection, writer):
    statements = []
    connection.set_trace_callback(statements.append)
    blocked = threading.Event()
    first = asyncio.create_task(writer.write(lambda _: blocked.wait()))
    await asyncio.sleep(0)

    others = [asyncio.create_task(writer.write(insert(i))) for i in range(20)]
    await asyncio.sleep(0)
    blocked.set()
    await asyncio.gather(first, *others)

    assert statements.count("COMMIT") <= 2
    assert await rows(writer) == list(range(20))


async def test_a_refused_write_does_not_touch_the_others(writer):
    def refuse(_):
        raise NotFound("x")

    results = await asyncio.gather(
        *(writer.write(refuse if i == 2 else insert(i)) for i in range(5)), return_exceptions=True
    )

    assert isinstance(results[2], NotFound)
    assert await rows(writer) == [0, 1, 3, 4]


async def test_an_error_of_the_database_undoes_all_and_the_next_write_works(writer):
    def half(connection):
        insert("half")(connection)
        connection.execute("SELECT nonsense")

    with pytest.raises(sqlite3.OperationalError):
        await writer.write(half)

    assert await rows(writer) == []


async def test_a_full_disk_is_told_as_such_and_leaves_nothing(connection, writer):
    connection.execute("PRAGMA max_page_count = 3")

    with pytest.raises(StorageFull):
        await writer.write(insert("x" * 100_000))

    assert await rows(writer) == []
    await writer.write(insert("small"))


async def test_memory_is_told_of_a_commit_before_its_caller_even_if_that_was_cancelled(writer):
    told = []
    task = asyncio.create_task(writer.write(insert(1), told.append))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await writer.write(insert(2), lambda _: told.append("second"))

    assert told == [1, "second"]


async def test_memory_is_not_told_of_what_was_not_committed(writer):
    told = []

    with pytest.raises(sqlite3.OperationalError):
        await writer.write(lambda c: c.execute("SELECT nonsense"), told.append)

    assert told == []


async def test_what_memory_cannot_take_is_told_to_its_writer_and_to_no_other(writer):
    def fail(_):
        raise KeyError("a bug")

    results = await asyncio.gather(
        *(writer.write(insert(i), *([fail] if i == 1 else [])) for i in range(3)),
        return_exceptions=True,
    )

    assert isinstance(results[1], KeyError)
    assert await rows(writer) == [0, 1, 2]


async def test_writes_done_together_keep_their_order_and_share_one_call(writer):
    calls = []

    def together(connection, values):
        calls.append(list(values))
        connection.executemany("INSERT INTO t VALUES (?)", [(one,) for one in values])
        return [NotFound("x") if one == "refused" else f"has {one}" for one in values]

    blocked = threading.Event()
    first = asyncio.create_task(writer.write(lambda _: blocked.wait()))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(writer.write(Together(together, one))) for one in ("a", "b")]
    waiting.append(asyncio.create_task(writer.write(insert("alone"))))
    waiting.append(asyncio.create_task(writer.write(Together(together, "refused"))))
    await asyncio.sleep(0)
    blocked.set()
    await first

    a, b, _, refused = await asyncio.gather(*waiting, return_exceptions=True)

    assert (a, b) == ("has a", "has b")
    assert isinstance(refused, NotFound)
    assert calls == [["a", "b"], ["refused"]]
    assert await rows(writer) == ["a", "b", "alone", "refused"]
