"""What somebody runs is not removed before it has ended, unless that is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.cluster import metadata
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import ObjectNotFound
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.core import CONFIG_MAP
from wharfinger.cluster.kinds.pods import deletion
from wharfinger.cluster.objects import Deletion, Objects
from wharfinger.cluster.options import DeleteOptions
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import SYSTEM

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SLOW = replace(CONFIG_MAP, grace=lambda _, asked: 30 if asked is None else asked)


@pytest.fixture
async def objects() -> AsyncIterator[Objects]:
    cache = await Cache.open(MemoryStore())
    yield Objects(cache, now=lambda: NOON)
    await cache.close()


async def make(objects: Objects, **metadata: object) -> Object:
    return await objects.create(SLOW, "dock", {"metadata": {"name": "a", **metadata}}, SYSTEM)


async def delete(objects: Objects, grace: int | None = None, *, dry: bool = False) -> Deletion:
    return await objects.delete(SLOW, "dock", "a", SYSTEM, DeleteOptions(grace=grace, dry_run=dry))


def left(objects: Objects) -> tuple[str, int]:
    found = objects.get(SLOW, "dock", "a")["metadata"]
    return found["deletionTimestamp"], found["deletionGracePeriodSeconds"]


async def test_a_deletion_waits_as_long_as_the_kind_says(objects: Objects):
    await make(objects)
    deletion = await delete(objects)

    assert not deletion.removed
    assert left(objects) == ("2026-05-01T12:00:30Z", 30)


async def test_a_deletion_waits_as_long_as_a_client_says(objects: Objects):
    await make(objects)
    await delete(objects, 90)

    assert left(objects) == ("2026-05-01T12:01:30Z", 90)


async def test_without_grace_it_goes_at_once(objects: Objects):
    await make(objects)

    assert (await delete(objects, 0)).removed
    with pytest.raises(ObjectNotFound):
        objects.get(SLOW, "dock", "a")


async def test_a_second_deletion_only_brings_the_end_forward(objects: Objects):
    await make(objects)
    await delete(objects)
    await delete(objects, 60)
    await delete(objects)
    assert left(objects) == ("2026-05-01T12:00:30Z", 30)

    await delete(objects, 10)
    assert left(objects) == ("2026-05-01T12:00:10Z", 10)
    assert (await delete(objects, 0)).removed


async def test_an_update_does_not_end_the_wait(objects: Objects):
    await make(objects)
    await delete(objects)
    changed = {**objects.get(SLOW, "dock", "a"), "data": {"k": "w"}}
    await objects.update(SLOW, "dock", "a", changed, SYSTEM)

    assert left(objects) == ("2026-05-01T12:00:30Z", 30)


async def test_a_finalizer_outlasts_the_grace(objects: Objects):
    made = await make(objects, finalizers=["own.test/hold"])
    await delete(objects)
    assert not (await delete(objects, 0)).removed

    freed = {**made, "metadata": {"name": "a", "finalizers": []}}
    await objects.update(SLOW, "dock", "a", freed, SYSTEM)
    with pytest.raises(ObjectNotFound):
        objects.get(SLOW, "dock", "a")


async def test_the_grace_outlasts_a_finalizer(objects: Objects):
    made = await make(objects, finalizers=["own.test/hold"])
    await delete(objects)
    freed = {**made, "metadata": {"name": "a", "finalizers": []}}
    await objects.update(SLOW, "dock", "a", freed, SYSTEM)

    assert left(objects) == ("2026-05-01T12:00:30Z", 30)
    assert (await delete(objects, 0)).removed


async def test_a_dry_run_marks_nothing(objects: Objects):
    await make(objects)
    shown = await delete(objects, dry=True)

    assert shown.object["metadata"]["deletionGracePeriodSeconds"] == 30
    assert "deletionTimestamp" not in objects.get(SLOW, "dock", "a")["metadata"]


async def test_other_kinds_wait_for_nothing(objects: Objects):
    await make(objects)
    options = DeleteOptions(grace=30)

    assert (await objects.delete(CONFIG_MAP, "dock", "a", SYSTEM, options)).removed


@given(st.lists(st.none() | st.integers(0, 100), min_size=1))
def test_no_order_of_deletions_puts_the_end_off(asked: list[int | None]):
    obj: Object = {"metadata": {"name": "a"}}
    ends: list[datetime] = []
    for grace in asked:
        metadata.begin_deletion(SLOW, obj, DeleteOptions(grace=grace), NOON)
        if not metadata.held(obj):
            break
        ends.append(datetime.fromisoformat(obj["metadata"]["deletionTimestamp"]))
        wait = timedelta(seconds=obj["metadata"]["deletionGracePeriodSeconds"])
        assert ends[-1] == NOON + wait
    assert ends == sorted(ends, reverse=True)
    assert metadata.held(obj) == (0 not in asked)


# pods


def pod(phase: str = "Running", node: str = "n1", period: int | None = None) -> Object:
    spec = {"nodeName": node, "terminationGracePeriodSeconds": period}
    return {"metadata": {"name": "a"}, "spec": spec, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("pod", "asked", "seconds"),
    [
        (pod(), None, 30),
        (pod(period=5), None, 5),
        (pod(period=5), 60, 60),
        (pod(period=0), None, 0),
        (pod(period=-1), None, 1),
        (pod(period=1 << 60), None, 1 << 31),
        (pod(), 0, 0),
        (pod(node=""), None, 0),
        (pod(node=""), 60, 0),
        (pod("Succeeded"), None, 0),
        (pod("Failed"), 60, 0),
        (pod("Pending"), None, 30),
        ({"metadata": {"name": "a"}}, None, 0),
    ],
)
def test_a_pod_waits_only_where_something_may_run(pod: Object, asked: int | None, seconds: int):
    assert deletion.grace(pod, asked) == seconds
