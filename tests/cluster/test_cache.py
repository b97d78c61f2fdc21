from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import Expired, RevisionConflict, RevisionTooLarge
from wharfinger.cluster.kind import GroupResource, Object
from wharfinger.cluster.store import Key, Write
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.stores.sqlite import SqliteStore

CONFIGMAPS = GroupResource("", "configmaps")
SECRETS = GroupResource("", "secrets")


def key(name: str, namespace: str = "dock", resource: GroupResource = CONFIGMAPS) -> Key:
    return Key(resource, namespace, name)


def value(text: str = "") -> bytes:
    return json.dumps({"metadata": {}, "data": {"text": text}}).encode()


def text_of(obj: Object | None) -> str:
    assert obj is not None
    text: str = obj["data"]["text"]
    return text


@pytest.fixture
async def cache() -> AsyncIterator[Cache]:
    cache = await Cache.open(MemoryStore())
    yield cache
    await cache.close()


async def test_a_commit_shows_before_it_is_acknowledged(cache: Cache):
    change = await cache.commit(Write(key("a"), value("1"), 0))

    found = cache.get(CONFIGMAPS, "dock", "a")

    assert found == {"metadata": {"resourceVersion": "1"}, "data": {"text": "1"}}
    assert cache.revision == change.revision == 1


async def test_a_conflict_changes_nothing(cache: Cache):
    await cache.commit(Write(key("a"), value("1"), 0))

    with pytest.raises(RevisionConflict):
        await cache.commit(Write(key("a"), value("2"), 0))

    assert text_of(cache.get(CONFIGMAPS, "dock", "a")) == "1"


async def test_a_cancelled_writer_leaves_store_and_memory_equal(tmp_path):
    cache = await Cache.open(SqliteStore(tmp_path / "objects"))
    writer = asyncio.ensure_future(cache.commit(Write(key("a"), value("1"), 0)))
    await asyncio.sleep(0)
    writer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer
    await cache.close()

    again = await Cache.open(SqliteStore(tmp_path / "objects"))

    for one in (cache, again):
        assert text_of(one.get(CONFIGMAPS, "dock", "a")) == "1"
    await again.close()


async def test_lists_are_in_order_of_namespace_and_name(cache: Cache):
    for namespace, name in [("quay", "a"), ("dock", "b"), ("dock", "a")]:
        await cache.commit(Write(key(name, namespace), value(f"{namespace}/{name}"), 0))
    await cache.commit(Write(key("s", resource=SECRETS), value(), 0))

    assert [text_of(obj) for obj in cache.list(CONFIGMAPS)] == ["dock/a", "dock/b", "quay/a"]
    assert [text_of(obj) for obj in cache.list(CONFIGMAPS, "dock")] == ["dock/a", "dock/b"]


async def test_an_earlier_list_is_as_it_was(cache: Cache):
    await cache.commit(Write(key("a"), value("a1"), 0))
    await cache.commit(Write(key("b"), value("b1"), 0))
    await cache.commit(Write(key("a"), value("a2"), 1))
    await cache.commit(Write(key("b"), None, 2))
    await cache.commit(Write(key("c"), value("c1"), 0))

    then = [[text_of(obj) for obj in cache.list_at(CONFIGMAPS, at)] for at in range(6)]

    assert then == [[], ["a1"], ["a1", "b1"], ["a2", "b1"], ["a2"], ["a2", "c1"]]


async def test_a_watch_delivers_what_came_before_and_after_it_began(cache: Cache):
    await cache.commit(Write(key("a"), value("1"), 0))
    watch = cache.watch(CONFIGMAPS, since=0)
    first = await anext(watch)
    await cache.commit(Write(key("a"), value("2"), 1))
    await cache.commit(Write(key("a"), None, 2))

    second, third = await anext(watch), await anext(watch)

    assert (first.previous, text_of(first.object)) == (None, "1")
    assert (text_of(second.previous), text_of(second.object)) == ("1", "2")
    assert third.deleted
    assert third.object["metadata"]["resourceVersion"] == "3"


async def test_a_watch_delivers_only_what_it_asked_for(cache: Cache):
    watch = cache.watch(CONFIGMAPS, "dock")
    await cache.commit(Write(key("a", "quay"), value(), 0))
    await cache.commit(Write(key("a", resource=SECRETS), value(), 0))
    await cache.commit(Write(key("mine"), value(), 0))

    assert [event.key.name for event in await watch.batch() or ()] == ["mine"]
    assert watch.revision == 3


async def test_a_watch_says_when_nothing_came_in_time(cache: Cache):
    watch = cache.watch(CONFIGMAPS)

    assert await watch.batch(within=0.001) == ()


async def test_watches_end_when_the_cache_closes(cache: Cache):
    watch = cache.watch()
    waiting = asyncio.ensure_future(watch.batch())
    await asyncio.sleep(0)

    await cache.close()

    assert await waiting is None
    with pytest.raises(StopAsyncIteration):
        await anext(watch)


async def test_old_revisions_expire_and_later_ones_stay():
    store = MemoryStore()
    cache = await Cache.open(store, keep=10)
    watch = cache.watch(since=0)
    for number in range(30):
        await cache.commit(Write(key(str(number)), value(), 0))
    await cache.close()

    compacted = (await store.load()).compacted
    assert 18 <= compacted <= 20
    for expired in (lambda: cache.watch(since=1), lambda: cache.list_at(CONFIGMAPS, 1)):
        with pytest.raises(Expired):
            expired()
    with pytest.raises(Expired):
        await watch.batch()
    assert len(cache.list_at(CONFIGMAPS, compacted)) == compacted
    assert cache.watch(since=compacted).revision == compacted


async def test_a_revision_of_the_future_is_refused(cache: Cache):
    with pytest.raises(RevisionTooLarge):
        cache.watch(since=99)


async def test_a_restart_keeps_state_history_and_the_states_before_changes():
    store = MemoryStore()
    before = await Cache.open(store)
    await before.commit(Write(key("a"), value("1"), 0))
    await before.commit(Write(key("a"), value("2"), 1))
    await before.commit(Write(key("a"), None, 2))
    await store.compact(1)

    after = await Cache.open(store)

    second, third = await anext(watch := after.watch(since=1)), await anext(watch)
    assert (text_of(second.previous), text_of(second.object)) == ("1", "2")
    assert third.deleted
    assert after.get(CONFIGMAPS, "dock", "a") is None
    assert after.revision == 3
    await after.close()
