from __future__ import annotations

import asyncio
import sqlite3
import stat
from pathlib import Path

import pytest

from wharfinger.cluster.errors import StoreBroken
from wharfinger.cluster.kind import GroupResource
from wharfinger.cluster.store import Key, Write
from wharfinger.cluster.stores.sqlite import SqliteStore
from wharfinger.errors import StorageFull

CONFIGMAPS = GroupResource("", "configmaps")


def modes(directory: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}


def key(name: str) -> Key:
    return Key(CONFIGMAPS, "dock", name)


async def limit_pages(store: SqliteStore, count: int) -> None:
    """SQLite says of a file at its largest size what it says of a full disk."""
    await store._writer.write(lambda c: c.execute(f"PRAGMA max_page_count = {count}").fetchall())


async def test_a_new_store_knows_what_was_acknowledged(tmp_path: Path):
    path = tmp_path / "objects.sqlite"
    store = SqliteStore(path)
    changes = [await store.commit(Write(key(name), b"1", 0)) for name in "abc"]
    changes.append(await store.commit(Write(key("a"), None, 1)))
    await store.compact(1)
    await store.close()

    again = SqliteStore(path)

    snapshot = await again.load()
    assert (snapshot.revision, snapshot.compacted) == (4, 1)
    assert [*snapshot.state, *snapshot.log] == changes
    await again.close()


async def test_what_is_queued_is_written_before_the_store_closes(tmp_path: Path):
    store = SqliteStore(tmp_path / "objects.sqlite")
    writes = [asyncio.ensure_future(store.commit(Write(key(str(i)), b"x", 0))) for i in range(50)]
    await asyncio.sleep(0)

    await store.close()

    assert [change.revision for change in await asyncio.gather(*writes)] == list(range(1, 51))


async def test_a_second_opener_is_refused(tmp_path: Path):
    store = SqliteStore(tmp_path / "objects.sqlite")

    with pytest.raises(StoreBroken, match="locked"):
        SqliteStore(tmp_path / "objects.sqlite")

    await store.close()


async def test_only_the_owner_may_read_the_file(tmp_path: Path):
    store = SqliteStore(tmp_path / "objects.sqlite")
    await store.commit(Write(key("a"), b"secret", 0))

    assert set(modes(tmp_path).values()) == {0o600}
    await store.close()


async def test_a_full_disk_is_told_and_leaves_nothing_behind(tmp_path: Path):
    path = tmp_path / "objects.sqlite"
    store = SqliteStore(path)
    await store.commit(Write(key("a"), b"1", 0))
    await limit_pages(store, 20)

    results = await asyncio.gather(
        *(store.commit(Write(key(name), b"x" * 200_000, 0)) for name in "bc"),
        return_exceptions=True,
    )

    assert all(isinstance(result, StorageFull) for result in results)
    await limit_pages(store, 100_000)
    assert (await store.commit(Write(key("d"), b"2", 0))).revision == 2
    await store.close()


def test_a_file_of_a_later_format_is_refused(tmp_path: Path):
    path = tmp_path / "objects.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(StoreBroken, match="format 99"):
        SqliteStore(path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path):
    path = tmp_path / "objects.sqlite"
    path.write_bytes(b"no database at all" * 1000)

    with pytest.raises(StoreBroken, match="not a database"):
        SqliteStore(path)
