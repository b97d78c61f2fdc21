"""Who is in a group is so for the next question."""

import json

import pytest

from wharfinger.cluster.cache import Cache
from wharfinger.cluster.groups import GROUPS, Memberships
from wharfinger.cluster.store import Key, Write
from wharfinger.cluster.stores.memory import MemoryStore


@pytest.fixture
async def cache():
    return await Cache.open(MemoryStore(), keep=4)


async def put(cache, name, *users, revision=0):
    value = json.dumps({"metadata": {"name": name}, "users": list(users)}).encode()
    change = await cache.commit(Write(Key(GROUPS, "", name), value, revision))
    return change.revision


async def test_groups_that_were_there_count(cache):
    await put(cache, "sailors", "ann", "bob")
    await put(cache, "cooks", "ann")
    memberships = Memberships(cache)

    assert memberships.of("ann") == ("cooks", "sailors")
    assert memberships.of("eve") == ()


async def test_changes_count_at_once(cache):
    memberships = Memberships(cache)
    revision = await put(cache, "sailors", "ann")
    assert memberships.of("ann") == ("sailors",)
    revision = await put(cache, "sailors", "bob", revision=revision)
    assert (memberships.of("ann"), memberships.of("bob")) == ((), ("sailors",))
    await cache.commit(Write(Key(GROUPS, "", "sailors"), None, revision))
    assert memberships.of("bob") == ()


async def test_more_changes_than_are_kept_are_not_missed(cache):
    memberships = Memberships(cache)
    await put(cache, "sailors", "ann")
    for number in range(12):
        await put(cache, f"group-{number}", "bob")

    assert memberships.of("ann") == ("sailors",)
    assert len(memberships.of("bob")) == 12


async def test_a_group_without_users_is_none(cache):
    await cache.commit(
        Write(Key(GROUPS, "", "empty"), b'{"metadata": {"name": "empty"}, "users": null}', 0)
    )

    assert Memberships(cache).of("ann") == ()
