from __future__ import annotations

import asyncio

import pytest

from wharfinger.cluster.errors import Expired, RevisionTooLarge
from wharfinger.cluster.kind import GroupResource
from wharfinger.cluster.states import Recent, State
from wharfinger.cluster.store import Key
from wharfinger.cluster.watch import Event, History, Topic, Watch

CONFIGMAPS = GroupResource("", "configmaps")
SECRETS = GroupResource("", "secrets")


def event(revision: int, namespace: str = "dock", resource: GroupResource = CONFIGMAPS) -> Event:
    state = State(revision, b'{"metadata":{"name":"a"}}', Recent())
    return Event(revision, Key(resource, namespace, "a"), state, None)


def history(until: int, compacted: int = 0) -> History:
    made = History(compacted)
    for revision in range(compacted + 1, until + 1):
        made.append(event(revision))
    return made


def follow(history: History, since: int) -> Watch:
    return Watch(history, since)


def test_what_came_after_a_revision():
    kept = history(9, compacted=5)

    assert [one.revision for one in kept.after(5)] == [6, 7, 8, 9]
    assert [one.revision for one in kept.after(9)] == []
    with pytest.raises(Expired, match=r"too old resource version: 4 \(5\)"):
        kept.after(4)
    with pytest.raises(RevisionTooLarge):
        kept.after(10)


def test_forgetting_keeps_the_count():
    kept = history(9)

    kept.forget(4)
    kept.forget(2)

    assert (kept.compacted, kept.revision, len(kept)) == (4, 9, 5)
    kept.forget(99)
    assert (kept.compacted, kept.revision, len(kept)) == (9, 9, 0)


def test_a_gap_in_the_revisions_is_a_bug():
    with pytest.raises(AssertionError):
        history(3).append(event(5))


async def test_every_watcher_hears_of_everything_once():
    kept = history(0)
    watches = [follow(kept, 0) for _ in range(3)]
    waiting = [asyncio.ensure_future(watch.batch()) for watch in watches]
    await asyncio.sleep(0)

    kept.append(event(1))

    for events in await asyncio.gather(*waiting):
        assert [one.revision for one in events or ()] == [1]


async def test_a_slow_watcher_gets_all_that_is_kept_in_one_batch():
    kept = history(1)
    watch = follow(kept, 0)
    for revision in range(2, 6):
        kept.append(event(revision))

    assert [one.revision for one in await watch.batch() or ()] == [1, 2, 3, 4, 5]


async def test_a_watcher_that_fell_behind_is_told():
    kept = history(3)
    watch = follow(kept, 0)
    kept.forget(2)

    with pytest.raises(Expired):
        await watch.batch()


async def test_what_came_before_the_end_is_still_delivered():
    kept = history(2)
    watch = follow(kept, 0)
    kept.close()

    assert [one.revision async for one in watch] == [1, 2]


async def test_a_watcher_sleeps_through_what_is_not_its_topic():
    kept = history(0)
    watch = Watch(kept, 0, Topic(CONFIGMAPS, "dock"))
    waiting = asyncio.ensure_future(watch.batch())
    await asyncio.sleep(0)

    kept.append(event(1, namespace="quay"))
    kept.append(event(2, resource=SECRETS))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not waiting.done()
    assert watch.revision == 0
    kept.append(event(3))

    assert [one.revision for one in await waiting or ()] == [3]


@pytest.mark.parametrize(
    "topic", [Topic(), Topic(CONFIGMAPS), Topic(CONFIGMAPS, "dock"), Topic(None, "dock")]
)
async def test_a_watcher_wakes_for_its_topic(topic: Topic):
    kept = history(0)
    waiting = asyncio.ensure_future(Watch(kept, 0, topic).batch())
    await asyncio.sleep(0)

    kept.append(event(1))

    assert len(await waiting or ()) == 1


async def test_a_watcher_of_several_topics_wakes_for_each_and_for_no_other():
    kept = history(0)
    watch = Watch(kept, 0, Topic(CONFIGMAPS, "dock"), Topic(SECRETS))
    waiting = asyncio.ensure_future(watch.batch())
    await asyncio.sleep(0)
    kept.append(event(1, namespace="quay"))
    await asyncio.sleep(0)
    assert not waiting.done()

    kept.append(event(2, resource=SECRETS))
    kept.append(event(3))

    assert [one.revision for one in await waiting or ()] == [2, 3]
    assert kept.waiting == 0


async def test_what_was_of_no_interest_may_be_forgotten_while_a_watcher_waits():
    kept = history(0)
    watch = Watch(kept, 0, Topic(CONFIGMAPS))
    waiting = asyncio.ensure_future(watch.batch())
    await asyncio.sleep(0)
    for revision in range(1, 10):
        kept.append(event(revision, resource=SECRETS))
    kept.forget(9)

    kept.append(event(10))

    assert [one.revision for one in await waiting or ()] == [10]


async def test_a_watcher_that_waited_in_vain_has_come_as_far_as_the_history():
    kept = history(0)
    watch = Watch(kept, 0, Topic(CONFIGMAPS))
    kept.append(event(1, resource=SECRETS))
    waiting = asyncio.ensure_future(watch.batch(0.001))
    await asyncio.sleep(0)
    kept.append(event(2, resource=SECRETS))

    assert await waiting == ()
    assert watch.revision == 2


async def test_nothing_is_left_of_watchers_that_are_done():
    kept = history(0)
    served, gone, late = (Watch(kept, 0, Topic(CONFIGMAPS)) for _ in range(3))
    waiting = [asyncio.ensure_future(served.batch()), asyncio.ensure_future(gone.batch())]
    waiting.append(asyncio.ensure_future(late.batch(0)))
    await asyncio.sleep(0)
    waiting[1].cancel()
    await asyncio.wait(waiting[1:])

    kept.append(event(1))
    await waiting[0]

    assert kept.waiting == 0
