"""Projects as each caller may see and change them."""

import asyncio

import pytest

from wharfinger.cluster.errors import (
    Expired,
    ObjectConflict,
    ObjectInvalid,
)
from wharfinger.cluster.kinds.core import NAMESPACE
from wharfinger.cluster.kinds.project import DISPLAY_NAME
from wharfinger.cluster.kinds.rbac import ROLE_BINDING
from wharfinger.cluster.options import DeleteOptions, Options, WatchOptions
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.subject import ANONYMOUS, SYSTEM


def told(events):
    return [(event.type, event.object["metadata"].get("name", "")) for event in events]


async def test_everybody_sees_their_own_projects(world):
    for name, subject in (("pa", world.ada), ("pb", world.bob), ("pc", world.ada)):
        await world.request(name, subject)

    assert (await world.seen(world.ada))[0] == ["pa", "pc"]
    assert (await world.seen(world.bob))[0] == ["pb"]
    assert (await world.seen(ANONYMOUS))[0] == []
    assert (await world.seen(SYSTEM))[0] == [
        "default", "kube-system", "openshift", "pa", "pb", "pc",
    ]  # fmt: skip


async def test_projects_come_in_pages(world):
    for number in range(5):
        await world.request(f"p{number}")
        await world.request(f"q{number}", world.bob)
    seen, page = await world.seen(world.ada, limit=2)
    assert (seen, page.remaining) == (["p0", "p1"], 3)
    while page.continue_token:
        more, page = await world.seen(world.ada, limit=2, continue_token=page.continue_token)
        seen += more

    assert seen == [f"p{number}" for number in range(5)]


async def test_a_project_is_changed_in_its_words_for_people_only(world):
    await world.request("pp", displayName="Shop")
    projects = world.endpoints["projects"]
    patch = {"metadata": {"annotations": {DISPLAY_NAME: "Store"}}}
    for kind in (PatchType.MERGE, PatchType.STRATEGIC):
        changed = await projects.patch(world.ada, "", "pp", kind, patch, Options())
        assert changed["kind"] == "Project"
        assert changed["metadata"]["annotations"][DISPLAY_NAME] == "Store"

    for metadata in (
        {"labels": {"a": "b"}},
        {"annotations": {"openshift.io/requester": "bob"}},
        {"annotations": None},
    ):
        with pytest.raises(ObjectInvalid, match="immutable"):
            await projects.patch(
                world.ada, "", "pp", PatchType.MERGE, {"metadata": metadata}, Options()
            )
    stale = {**changed, "metadata": {**changed["metadata"], "resourceVersion": "1"}}
    with pytest.raises(ObjectConflict):
        await projects.update(world.ada, "", "pp", stale, Options())
    document = {"metadata": {"resourceVersion": "1"}}
    with pytest.raises(ObjectConflict):
        await projects.patch(world.ada, "", "pp", PatchType.MERGE, document, Options())


async def test_deleting_a_project_ends_its_namespace(world):
    await world.request("pp")
    deletion = await world.endpoints["projects"].delete(world.ada, "", "pp", DeleteOptions())

    assert deletion.object["kind"] == "Project"
    assert deletion.object["status"]["phase"] == "Terminating"
    assert world.objects.get(NAMESPACE, "", "pp")["metadata"]["deletionTimestamp"]


async def test_a_watch_of_projects_follows_rights(world):
    await world.request("pa")
    await world.request("pb", world.bob)
    feed = await world.endpoints["projects"].watch(world.ada, None, WatchOptions())
    assert told(await feed.batch(5)) == [("ADDED", "pa")]

    await world.request("pc")
    assert told(await feed.batch(5)) == [("ADDED", "pc")]
    binding = world.objects.get(ROLE_BINDING, "pb", "admin")
    shared = [*binding["subjects"], {"kind": "User", "name": "ada"}]
    await world.objects.update(ROLE_BINDING, "pb", "admin", {**binding, "subjects": shared}, SYSTEM)
    assert told(await feed.batch(5)) == [("ADDED", "pb")]
    await world.objects.delete(ROLE_BINDING, "pb", "admin", SYSTEM)
    assert told(await feed.batch(5)) == [("DELETED", "pb")]
    assert await feed.batch(0) == ()


async def test_a_watch_goes_on_from_where_a_list_ended(world):
    await world.request("pa")
    _, page = await world.seen(world.ada)
    options = WatchOptions(resource_version=str(page.revision))
    feed = await world.endpoints["projects"].watch(world.ada, None, options)
    waiting = asyncio.ensure_future(feed.batch(5))
    patch = {"metadata": {"annotations": {DISPLAY_NAME: "x"}}}
    await world.endpoints["projects"].patch(world.ada, "", "pa", PatchType.MERGE, patch, Options())

    assert told(await waiting) == [("MODIFIED", "pa")]


async def test_a_watch_tells_what_came_between_a_list_and_its_start(world):
    await world.request("pa")
    _, page = await world.seen(world.ada)
    await world.request("pb")
    options = WatchOptions(resource_version=str(page.revision))
    feed = await world.endpoints["projects"].watch(world.ada, None, options)

    assert told(await feed.batch(5)) == [("ADDED", "pb")]


async def test_a_watch_that_could_miss_a_loss_begins_with_a_new_list(world):
    await world.request("pa")
    _, page = await world.seen(world.ada)
    await world.endpoints["projects"].delete(world.ada, "", "pa", DeleteOptions())
    await world.provisioner.settle()

    options = WatchOptions(resource_version=str(page.revision))
    with pytest.raises(Expired):
        await world.endpoints["projects"].watch(world.ada, None, options)


@pytest.mark.parametrize("bookmarks", [True, False])
async def test_a_watch_can_say_where_its_beginning_ends(world, bookmarks):
    await world.request("pa")
    options = WatchOptions(initial_events=True, bookmarks=bookmarks)
    feed = await world.endpoints["projects"].watch(world.ada, None, options)

    end = [("BOOKMARK", "")] if bookmarks else []
    assert told(await feed.batch(5)) == [("ADDED", "pa"), *end]
    world.cache.end_watches()
    assert await feed.batch(5) is None
