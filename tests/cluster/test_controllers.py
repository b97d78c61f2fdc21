"""The loop of the controllers: looks at everything, again after a race, later when told so."""

import asyncio
import json

import pytest

from wharfinger.cluster.cache import Cache
from wharfinger.cluster.controllers import LATER, RETRY, Runner
from wharfinger.cluster.kind import GroupResource
from wharfinger.cluster.store import Key, Write
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.errors import BadInput, Conflict, StorageFull

THINGS = GroupResource("own.test", "things")
OTHERS = GroupResource("own.test", "others")


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


class Noting:
    """Notes what it is asked to reconcile, and answers as it was told to."""

    follows = (THINGS,)

    def __init__(self, cache, answers=()):
        self._cache = cache
        self.answers = list(answers)
        self.seen = []

    def everything(self):
        return [one["metadata"]["name"] for one in self._cache.list(THINGS)]

    def concerned(self, event):
        return (event.key.name,)

    async def reconcile(self, key):
        self.seen.append(key)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def taken(self):
        seen, self.seen = self.seen, []
        return seen


@pytest.fixture
async def cache():
    return await Cache.open(MemoryStore(), keep=10)


@pytest.fixture
def clock():
    return Clock()


async def put(cache, name):
    found = cache.get(THINGS, "", name)
    expected = int(found["metadata"]["resourceVersion"]) if found else 0
    value = json.dumps({"metadata": {"name": name}}).encode()
    await cache.commit(Write(Key(THINGS, "", name), value, expected))


async def test_a_start_looks_at_everything_and_then_at_what_changes(cache, clock):
    await put(cache, "a")
    await put(cache, "b")
    controller = Noting(cache)
    runner = Runner(cache, controller, clock=clock)

    assert await runner.work()
    assert controller.taken() == ["a", "b"]
    assert not await runner.work()
    await put(cache, "b")
    await put(cache, "b")
    assert await runner.work()
    assert controller.taken() == ["b"]


async def test_a_race_is_looked_at_again(cache, clock):
    await put(cache, "a")
    controller = Noting(cache, [Conflict("cannot: somebody was faster")])
    runner = Runner(cache, controller, clock=clock)
    await runner.work()
    await runner.work()
    assert controller.taken() == ["a"]

    clock.now += RETRY
    await runner.work()
    assert controller.taken() == ["a"]


async def test_what_cannot_be_completed_stops_nothing_else(cache, clock):
    await put(cache, "a")
    await put(cache, "b")
    controller = Noting(cache, [BadInput("cannot: no room is left in it")])
    runner = Runner(cache, controller, clock=clock)
    await runner.work()
    assert controller.taken() == ["a", "b"]

    clock.now += LATER
    await runner.work()
    assert controller.taken() == ["a"]


async def test_a_key_is_looked_at_again_when_it_asked_to_be(cache, clock):
    await put(cache, "a")
    controller = Noting(cache, [100.0])
    runner = Runner(cache, controller, clock=clock)
    await runner.work()
    clock.now += 99
    await runner.work()
    assert controller.taken() == ["a"]

    clock.now += 1
    await runner.work()
    assert controller.taken() == ["a"]


async def test_what_changes_before_its_time_is_looked_at_once(cache, clock):
    await put(cache, "a")
    controller = Noting(cache, [100.0, None, None])
    runner = Runner(cache, controller, clock=clock)
    await runner.work()
    await put(cache, "a")
    await runner.work()
    assert controller.taken() == ["a", "a"]

    clock.now += 100
    assert not await runner.work()
    assert controller.taken() == []


async def test_other_errors_end_the_work_for_the_server_to_begin_it_again(cache, clock):
    await put(cache, "a")
    controller = Noting(cache, [StorageFull("cannot write")])

    with pytest.raises(StorageFull):
        await Runner(cache, controller, clock=clock).run()


async def test_who_fell_behind_looks_at_everything_again(cache, clock):
    controller = Noting(cache)
    runner = Runner(cache, controller, clock=clock)
    for number in range(50):
        await put(cache, f"thing{number:02}")
    await runner.work()

    assert controller.taken() == [f"thing{number:02}" for number in range(50)]


async def test_a_running_loop_takes_up_changes_until_the_cache_ends(cache):
    seen = asyncio.Queue()

    class Telling(Noting):
        async def reconcile(self, key):
            seen.put_nowait(key)

    running = asyncio.create_task(Runner(cache, Telling(cache)).run())
    await put(cache, "a")
    assert await asyncio.wait_for(seen.get(), 10) == "a"
    await put(cache, "b")
    assert await asyncio.wait_for(seen.get(), 10) == "b"
    cache.end_watches()
    await asyncio.wait_for(running, 10)


async def test_only_what_it_follows_is_looked_at(cache, clock):
    controller = Noting(cache)
    runner = Runner(cache, controller, clock=clock)
    await cache.commit(Write(Key(OTHERS, "", "other"), b'{"metadata":{"name":"other"}}', 0))
    await put(cache, "a")

    await runner.work()

    assert controller.taken() == ["a"]
