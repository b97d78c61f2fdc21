"""A store that is killed keeps what it has acknowledged, and nothing by halves."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from wharfinger.cluster.stores.sqlite import SqliteStore

WRITER = """
import asyncio, sys
from pathlib import Path
from wharfinger.cluster.kind import GroupResource
from wharfinger.cluster.store import Key, Write
from wharfinger.cluster.stores.sqlite import SqliteStore

async def write(store, lane):
    expected = 0
    while True:
        key = Key(GroupResource("", "configmaps"), "dock", str(lane))
        change = await store.commit(Write(key, b"x" * 2000, expected))
        expected = change.revision
        print(change.revision, flush=True)
        if expected % 50 == 0:
            await store.compact(expected - 20)

async def main():
    store = SqliteStore(Path(sys.argv[1]))
    await asyncio.gather(*(write(store, lane) for lane in range(8)))

asyncio.run(main())
"""


def write_and_kill(path: Path, acknowledged: int) -> int:
    """Let a process write, kill it after so many answers, and return the last one it gave."""
    process = subprocess.Popen(
        (sys.executable, "-c", WRITER, str(path)), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process:
        answers = [process.stdout.readline() for _ in range(acknowledged)]
        process.kill()
        answers += process.stdout.readlines()
    return max(int(answer) for answer in answers if answer.endswith("\n"))


async def load(path: Path):
    store = SqliteStore(path)
    snapshot = await store.load()
    await store.close()
    return snapshot


@pytest.mark.parametrize("acknowledged", [1, 7, 49, 50, 51, 120, 200, 333])
async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, acknowledged: int):
    path = tmp_path / "objects.sqlite"

    last = await asyncio.to_thread(write_and_kill, path, acknowledged)

    snapshot = await load(path)
    assert snapshot.revision >= last
    assert [change.revision for change in snapshot.log] == list(
        range(snapshot.compacted + 1, snapshot.revision + 1)
    )
    assert all(len(change.value) == 2000 for change in (*snapshot.state, *snapshot.log))
