from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import Expired, RevisionTooLarge
from wharfinger.cluster.feed import SelectedFeed
from wharfinger.cluster.kinds import CONFIG_MAP
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.options import WatchOptions
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.selector import Selector, parse_labels
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import SYSTEM


@pytest.fixture
async def objects() -> AsyncIterator[Objects]:
    cache = await Cache.open(MemoryStore(), keep=20)
    yield Objects(cache)
    await cache.close()


async def create(objects: Objects, name: str, namespace: str = "dock", **labels: str) -> None:
    obj = {"metadata": {"name": name, "labels": labels}}
    await objects.create(CONFIG_MAP, namespace, obj, SYSTEM)


async def label(objects: Objects, name: str, **labels: str | None) -> None:
    change = {"metadata": {"labels": labels}}
    await objects.patch(CONFIG_MAP, "dock", name, PatchType.MERGE, change, SYSTEM)


async def told(feed: SelectedFeed) -> list[tuple[str, str]]:
    """All that the feed tells now."""
    found: list[tuple[str, str]] = []
    while events := await feed.batch(within=0.001):
        found += [(event.type, event.object["metadata"].get("name", "")) for event in events]
    return found


async def test_a_watch_begins_with_what_there_is(objects: Objects):
    await create(objects, "a")

    feed = objects.watch(CONFIG_MAP, "dock")
    await create(objects, "b")

    assert await told(feed) == [("ADDED", "a"), ("ADDED", "b")]


async def test_a_watch_from_a_version_tells_only_what_came_after(objects: Objects):
    await create(objects, "a")
    since = str(objects.cache.revision)

    feed = objects.watch(CONFIG_MAP, "dock", WatchOptions(resource_version=since))
    await label(objects, "a", app="x")
    await create(objects, "elsewhere", "quay")
    await objects.delete(CONFIG_MAP, "dock", "a", SYSTEM)

    assert await told(feed) == [("MODIFIED", "a"), ("DELETED", "a")]
    assert feed.revision == objects.cache.revision


async def test_an_object_comes_and_goes_with_the_selector(objects: Objects):
    chosen = WatchOptions(selector=Selector(parse_labels("app=x")), initial_events=False)
    feed = objects.watch(CONFIG_MAP, "dock", chosen)

    await create(objects, "a")
    await label(objects, "a", app="x")
    await label(objects, "a", more="y")
    await label(objects, "a", app="z")
    await objects.delete(CONFIG_MAP, "dock", "a", SYSTEM)

    assert await told(feed) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


async def test_what_ceases_to_match_is_shown_as_it_last_did(objects: Objects):
    await create(objects, "a", app="x")
    chosen = WatchOptions(selector=Selector(parse_labels("app=x")), initial_events=False)
    feed = objects.watch(CONFIG_MAP, "dock", chosen)

    await label(objects, "a", app="z")

    (event,) = await feed.batch() or ()
    assert event.object["metadata"]["labels"] == {"app": "x"}
    assert event.object["metadata"]["resourceVersion"] == str(objects.cache.revision)


async def test_initial_events_end_with_a_bookmark(objects: Objects):
    await create(objects, "a")

    feed = objects.watch(CONFIG_MAP, "dock", WatchOptions(initial_events=True, bookmarks=True))

    added, bookmark = await feed.batch() or ()
    assert added.type == "ADDED"
    assert bookmark.type == "BOOKMARK"
    assert bookmark.object["metadata"] == {
        "resourceVersion": "1",
        "annotations": {"k8s.io/initial-events-end": "true"},
    }


async def test_initial_events_come_without_a_bookmark_for_who_wants_none(objects: Objects):
    await create(objects, "a")

    feed = objects.watch(CONFIG_MAP, "dock", WatchOptions(initial_events=True))

    assert [event.type for event in await feed.batch() or ()] == ["ADDED"]


async def test_a_forgotten_version_expires(objects: Objects):
    for number in range(50):
        await create(objects, str(number))

    with pytest.raises(Expired):
        objects.watch(CONFIG_MAP, "dock", WatchOptions(resource_version="1"))


@pytest.mark.parametrize("initial", [None, True])
async def test_a_version_of_the_future_is_refused(objects: Objects, initial: bool | None):
    options = WatchOptions(resource_version="99", initial_events=initial, bookmarks=True)

    with pytest.raises(RevisionTooLarge):
        objects.watch(CONFIG_MAP, "dock", options)
