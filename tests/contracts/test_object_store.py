"""What every object store promises: see `cluster/store.py`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from wharfinger.cluster.errors import RevisionConflict, StoreClosed
from wharfinger.cluster.kind import GroupResource
from wharfinger.cluster.store import Change, Key, Store, Write
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.stores.sqlite import SqliteStore

STORES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda _: MemoryStore(),
    "sqlite": lambda directory: SqliteStore(directory / "objects.sqlite"),
}
CONFIGMAPS = GroupResource("", "configmaps")
A, B, C = (Key(CONFIGMAPS, "dock", name) for name in "abc")


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = STORES[request.param](tmp_path)
    yield store
    await store.close()


async def present(store: Store) -> dict[Key, bytes]:
    snapshot = await store.load()
    state = {change.key: change.value for change in snapshot.state}
    for change in snapshot.log:
        if change.deleted:
            del state[change.key]
        else:
            state[change.key] = change.value
    return state


async def test_an_empty_store_is_at_revision_zero(store: Store):
    snapshot = await store.load()

    assert (snapshot.revision, snapshot.compacted) == (0, 0)
    assert list(snapshot.state) == list(snapshot.log) == []


async def test_each_commit_takes_the_next_revision(store: Store):
    created = await store.commit(Write(A, b"1", 0))
    other = await store.commit(Write(B, b"2", 0))
    updated = await store.commit(Write(A, b"3", created.revision))

    assert created == Change(1, A, b"1", deleted=False, previous=0)
    assert other == Change(2, B, b"2", deleted=False, previous=0)
    assert updated == Change(3, A, b"3", deleted=False, previous=1)
    assert list((await store.load()).log) == [created, other, updated]


async def test_a_deletion_carries_the_last_value(store: Store):
    await store.commit(Write(A, b"1", 0))

    deleted = await store.commit(Write(A, None, 1))

    assert deleted == Change(2, A, b"1", deleted=True, previous=1)
    assert await present(store) == {}


async def test_a_deleted_key_can_be_created_again(store: Store):
    await store.commit(Write(A, b"1", 0))
    await store.commit(Write(A, None, 1))

    again = await store.commit(Write(A, b"2", 0))

    assert (again.revision, again.previous) == (3, 0)


@pytest.mark.parametrize(
    "write",
    [Write(A, b"x", 0), Write(A, b"x", 2), Write(A, None, 7), Write(B, b"x", 1), Write(B, None, 0)],
    ids=["create present", "stale", "delete stale", "update absent", "delete absent"],
)
async def test_a_conflict_changes_nothing(store: Store, write: Write):
    await store.commit(Write(A, b"1", 0))

    with pytest.raises(RevisionConflict):
        await store.commit(write)

    assert await present(store) == {A: b"1"}
    assert (await store.load()).revision == 1


async def test_of_rival_writes_one_wins(store: Store):
    rivals = (store.commit(Write(A, str(i).encode(), 0)) for i in range(20))

    results = await asyncio.gather(*rivals, return_exceptions=True)

    won = [result for result in results if isinstance(result, Change)]
    lost = [result for result in results if isinstance(result, RevisionConflict)]
    assert (len(won), len(lost)) == (1, 19)
    assert await present(store) == {A: won[0].value}


async def test_a_conflict_does_not_fail_the_commits_beside_it(store: Store):
    await store.commit(Write(A, b"1", 0))

    results = await asyncio.gather(
        store.commit(Write(B, b"2", 0)),
        store.commit(Write(A, b"no", 0)),
        store.commit(Write(C, b"3", 0)),
        return_exceptions=True,
    )

    assert isinstance(results[1], RevisionConflict)
    assert [change.revision for change in results if isinstance(change, Change)] == [2, 3]
    assert await present(store) == {A: b"1", B: b"2", C: b"3"}


async def test_of_each_commit_is_told_in_order_and_of_no_refused_one(store: Store):
    told: list[Change] = []

    made = await store.commit(Write(A, b"1", 0), told.append)
    with pytest.raises(RevisionConflict):
        await store.commit(Write(A, b"no", 0), told.append)
    changed = await store.commit(Write(A, b"2", made.revision), told.append)

    assert told == [made, changed]


async def test_waiting_callers_wake_in_order_of_revision(store: Store):
    woken: list[int] = []

    async def write(number: int) -> None:
        change = await store.commit(Write(Key(CONFIGMAPS, "dock", str(number)), b"x", 0))
        woken.append(change.revision)

    await asyncio.gather(*(write(number) for number in range(200)))

    assert woken == list(range(1, 201))


async def test_keys_of_equal_names_are_apart_by_namespace_and_resource(store: Store):
    keys = [
        Key(CONFIGMAPS, "dock", "a"),
        Key(CONFIGMAPS, "quay", "a"),
        Key(GroupResource("other.test", "configmaps"), "dock", "a"),
        Key(GroupResource("", "secrets"), "dock", "a"),
    ]

    for key in keys:
        await store.commit(Write(key, b"x", 0))

    assert set(await present(store)) == set(keys)


async def test_compaction_keeps_the_state_there_was_and_the_log_since(store: Store):
    await store.commit(Write(A, b"a1", 0))
    await store.commit(Write(A, b"a2", 1))
    await store.commit(Write(B, b"b1", 0))
    await store.commit(Write(C, b"c1", 0))
    await store.commit(Write(C, None, 4))
    changed = await store.commit(Write(A, b"a3", 2))
    deleted = await store.commit(Write(B, None, 3))

    await store.compact(5)

    snapshot = await store.load()
    assert (snapshot.revision, snapshot.compacted) == (7, 5)
    assert {change.key: change.value for change in snapshot.state} == {A: b"a2", B: b"b1"}
    assert list(snapshot.log) == [changed, deleted]
    assert await present(store) == {A: b"a3"}


async def test_compaction_of_everything_keeps_state_and_counter(store: Store):
    await store.commit(Write(A, b"1", 0))
    await store.commit(Write(B, b"1", 0))
    await store.commit(Write(B, None, 2))

    await store.compact(99)
    await store.compact(1)

    snapshot = await store.load()
    assert (snapshot.revision, snapshot.compacted, list(snapshot.log)) == (3, 3, [])
    assert await present(store) == {A: b"1"}
    assert (await store.commit(Write(A, b"2", 1))).revision == 4
    assert (await store.commit(Write(B, b"2", 0))).revision == 5


async def test_a_closed_store_refuses(store: Store):
    await store.close()

    with pytest.raises(StoreClosed):
        await store.commit(Write(A, b"1", 0))
