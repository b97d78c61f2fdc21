import pytest

from wharfinger.cluster.controllers import Runner
from wharfinger.cluster.kinds.event import EVENT
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM
from wharfinger.cluster.subject import SYSTEM
from wharfinger.images.streams.tag_events import TagMoves


@pytest.fixture
def watched(dock):
    dock.moves = Runner(dock.cache, TagMoves(dock.objects, now=dock.clock))
    return dock


def events(dock):
    return list(dock.cache.list(EVENT.resource, "team"))


async def test_a_tag_that_moves_is_told_of_with_both_images(watched):
    first = await watched.push("team/app", "1", {"n": "1"})
    second = await watched.push("team/app", "1", {"n": "2"})
    await watched.moves.work()

    (event,) = events(watched)
    assert event["reason"] == "TagMoved"
    assert event["message"] == f"Tag '1' moved from {first} to {second}"
    assert event["involvedObject"]["kind"] == "ImageStream"
    assert event["involvedObject"]["uid"] == watched.stream("team/app")["metadata"]["uid"]


async def test_a_tag_that_is_new_or_stays_has_not_moved(watched):
    await watched.push("team/app", "1")
    await watched.push("team/app", "1")
    await watched.push("team/app", "2", {"n": "2"})
    await watched.moves.work()

    assert events(watched) == []


async def test_the_event_of_a_tag_counts(watched):
    for number in range(4):
        await watched.push("team/app", "1", {"n": str(number)})
        await watched.push("team/app", "UPPER_2", {"n": f"two {number}"})
        watched.tick()
        await watched.moves.work()

    assert sorted(one["count"] for one in events(watched)) == [3, 3]
    assert all(one["firstTimestamp"] < one["lastTimestamp"] for one in events(watched))


async def test_a_stream_that_was_made_anew_has_events_of_its_own(watched):
    for number in range(2):
        await watched.push("team/app", "1", {"n": str(number)})
    await watched.moves.work()
    before = watched.stream("team/app")["metadata"]["uid"]
    await watched.objects.delete(IMAGE_STREAM, "team", "app", SYSTEM)
    await watched.moves.work()
    for number in range(2, 4):
        await watched.push("team/app", "1", {"n": str(number)})
    await watched.moves.work()

    (event,) = events(watched)
    assert event["count"] == 1
    assert event["involvedObject"]["uid"] != before


async def test_a_stream_that_is_gone_by_now_is_not_told_of(watched):
    for number in range(2):
        await watched.push("team/app", "1", {"n": str(number)})
    await watched.objects.delete(IMAGE_STREAM, "team", "app", SYSTEM)
    await watched.moves.work()

    assert events(watched) == []


async def test_a_long_name_makes_a_name(watched):
    name = "a" * 220
    for number in range(2):
        await watched.push(f"team/{name}", "1", {"n": str(number)})
    await watched.moves.work()

    assert len(events(watched)) == 1
