from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from wharfinger.cluster import paging
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.errors import BadRequest, Expired, RevisionTooLarge
from wharfinger.cluster.kind import GroupResource
from wharfinger.cluster.options import ListOptions
from wharfinger.cluster.paging import Continuation, Page
from wharfinger.cluster.selector import Selector, parse_labels
from wharfinger.cluster.store import Key, Write
from wharfinger.cluster.stores.memory import MemoryStore

CONFIGMAPS = GroupResource("", "configmaps")


async def put(cache: Cache, name: str, namespace: str = "dock", expected: int = 0) -> None:
    labels = {"odd": "yes"} if int(name) % 2 else {}
    value = json.dumps({"metadata": {"name": name, "namespace": namespace, "labels": labels}})
    await cache.commit(Write(Key(CONFIGMAPS, namespace, name), value.encode(), expected))


@pytest.fixture
async def cache() -> AsyncIterator[Cache]:
    cache = await Cache.open(MemoryStore(), keep=100)
    for number in range(10):
        await put(cache, str(number))
    yield cache
    await cache.close()


def read(cache: Cache, namespace: str | None = None, **options) -> Page:
    return paging.read(cache, CONFIGMAPS, namespace, ListOptions(**options))


def names(page: Page) -> str:
    return "".join(obj["metadata"]["name"] for obj in page.items)


async def test_without_a_limit_a_list_is_one_page(cache: Cache):
    page = read(cache)

    assert (names(page), page.continue_token, page.remaining) == ("0123456789", "", None)
    assert page.revision == 10


async def test_pages_go_on_where_the_last_one_ended(cache: Cache):
    first = read(cache, limit=4)
    second = read(cache, limit=4, continue_token=first.continue_token)
    third = read(cache, limit=4, continue_token=second.continue_token)

    assert [names(page) for page in (first, second, third)] == ["0123", "4567", "89"]
    assert [page.remaining for page in (first, second, third)] == [6, 2, None]
    assert third.continue_token == ""


async def test_all_pages_are_as_of_the_first(cache: Cache):
    first = read(cache, limit=4)
    await put(cache, "45")
    await cache.commit(Write(Key(CONFIGMAPS, "dock", "7"), None, 8))

    second = read(cache, continue_token=first.continue_token)

    assert names(second) == "456789"
    assert second.revision == first.revision


async def test_a_page_is_cut_after_the_selection(cache: Cache):
    odd = Selector(parse_labels("odd=yes"))

    first = read(cache, limit=3, selector=odd)
    second = read(cache, limit=3, selector=odd, continue_token=first.continue_token)

    assert [names(first), names(second)] == ["135", "79"]
    assert first.remaining is None


async def test_a_forgotten_list_can_go_on_in_the_present(cache: Cache):
    first = read(cache, limit=4)
    for number in range(200):
        await put(cache, str(1000 + number), "later")

    with pytest.raises(Expired) as refused:
        read(cache, continue_token=first.continue_token)

    assert "too old to display a consistent list" in refused.value.message
    rest = read(cache, "dock", continue_token=refused.value.continue_token)
    assert names(rest) == "456789"
    assert rest.revision == cache.revision


async def test_an_exact_revision_is_listed_as_it_was(cache: Cache):
    assert names(read(cache, resource_version="3", resource_version_match="Exact")) == "012"
    assert names(read(cache, resource_version="3", resource_version_match="NotOlderThan")) == (
        "0123456789"
    )
    assert names(read(cache, resource_version="0")) == "0123456789"


async def test_a_revision_of_the_future_is_refused(cache: Cache):
    with pytest.raises(RevisionTooLarge):
        read(cache, resource_version="99")


@pytest.mark.parametrize(
    "options",
    [
        {"limit": -1},
        {"resource_version": "x"},
        {"resource_version": "-1"},
        {"resource_version_match": "Exact"},
        {"resource_version": "1", "resource_version_match": "Sometimes"},
        {"resource_version": "0", "resource_version_match": "Exact"},
        {"continue_token": "!"},
        {"continue_token": "e30"},
        {"continue_token": "x" * 5},
        {"continue_token": str(Continuation(-7, "dock", "1"))},
        {"continue_token": str(Continuation(3, "dock", "1")), "resource_version": "4"},
    ],
)
async def test_what_cannot_be_read_is_refused(cache: Cache, options):
    with pytest.raises(BadRequest):
        read(cache, **options)
