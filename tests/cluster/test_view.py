"""A kind that is shown of another: reads, watches and writes go through, under the rules of both."""

from dataclasses import replace

import pytest

from wharfinger.cluster import selector
from wharfinger.cluster.errors import ObjectConflict, ObjectInvalid, ObjectNotFound
from wharfinger.cluster.kinds.core import CONFIG_MAP
from wharfinger.cluster.options import DeleteOptions, ListOptions, Options, WatchOptions
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.subject import SYSTEM
from wharfinger.cluster.view import WritableView

CRATE = replace(
    CONFIG_MAP,
    group="dock.test",
    kind="Crate",
    plural="crates",
    singular="crate",
    selectable={"load": lambda obj: str((obj.get("data") or {}).get("load", ""))},
)
"""Config maps whose name begins with `crate-`; what they hold is shown in capitals."""


class Crates(WritableView):
    def __init__(self, objects):
        super().__init__(CRATE, objects, CONFIG_MAP)
        self.before_update = []

    def show(self, stored):
        name = stored["metadata"]["name"].removeprefix("crate-")
        load = stored["data"]["load"].upper()
        named = {"apiVersion": CRATE.api_version, "kind": CRATE.kind}
        return {
            **stored,
            **named,
            "metadata": {**stored["metadata"], "name": name},
            "data": {"load": load},
        }

    def keep(self, shown):
        named = {"apiVersion": CONFIG_MAP.api_version, "kind": CONFIG_MAP.kind}
        metadata = {**shown["metadata"], "name": self.stored_name(shown["metadata"]["name"])}
        load = shown["data"]["load"].lower()
        return {**shown, **named, "metadata": metadata, "data": {"load": load}}

    def stored_name(self, name):
        return f"crate-{name}"

    def sees(self, subject, stored):
        if not stored["metadata"]["name"].startswith("crate-"):
            return False
        return subject is SYSTEM or stored["data"]["load"] != "gold"

    async def update(self, subject, namespace, name, obj, options):
        if self.before_update:
            await self.before_update.pop()()
        return await super().update(subject, namespace, name, obj, options)


@pytest.fixture
async def crates(world):
    """Three crates, one of them for few eyes, and something that is none."""
    await world.project()
    for name, load in (("crate-a", "tea"), ("crate-b", "gold"), ("crate-c", "rum"), ("d", "tea")):
        await world.make(CONFIG_MAP, name, data={"load": load})
    return Crates(world.objects)


def named(events):
    return [(event.type, event.object["metadata"]["name"]) for event in events]


async def seen(crates, subject, **options):
    page = await crates.list(subject, "p", ListOptions(**options))
    return [one["metadata"]["name"] for one in page.items], page


def load(world, name="crate-a"):
    return world.objects.get(CONFIG_MAP, "p", name)["data"]["load"]


async def test_each_reads_what_is_there_for_them(world, crates):
    assert (await seen(crates, SYSTEM))[0] == ["a", "b", "c"]
    assert (await seen(crates, world.ada))[0] == ["a", "c"]

    shown = await crates.get(world.ada, "p", "a")
    assert (shown["apiVersion"], shown["kind"]) == ("dock.test/v1", "Crate")
    assert shown["data"] == {"load": "TEA"}
    assert (
        shown["metadata"]["uid"] == world.objects.get(CONFIG_MAP, "p", "crate-a")["metadata"]["uid"]
    )


@pytest.mark.parametrize("name", ["b", "d", "crate-a", "nowhere"])
async def test_what_one_does_not_see_is_not_there(world, crates, name):
    with pytest.raises(ObjectNotFound, match=rf'crates.dock.test "{name}" not found'):
        await crates.get(world.ada, "p", name)


async def test_selectors_and_pages_go_by_what_is_shown(world, crates):
    told = selector.parse(CRATE, "", "load=RUM")
    assert (await seen(crates, world.ada, selector=told))[0] == ["c"]
    stored = selector.parse(CRATE, "", "load=rum")
    assert (await seen(crates, world.ada, selector=stored))[0] == []

    first, page = await seen(crates, world.ada, limit=1)
    assert (first, page.remaining) == (["a"], 1)
    rest, page = await seen(crates, world.ada, limit=1, continue_token=page.continue_token)
    assert (rest, page.continue_token) == (["c"], "")


async def test_a_watch_tells_of_what_is_shown_and_of_what_comes_into_sight(world, crates):
    feed = await crates.watch(world.ada, "p", WatchOptions())
    assert named(await feed.batch()) == [("ADDED", "a"), ("ADDED", "c")]

    async def put(name, load):
        old = world.objects.get(CONFIG_MAP, "p", name)
        await world.objects.update(CONFIG_MAP, "p", name, {**old, "data": {"load": load}}, SYSTEM)

    await put("crate-a", "salt")
    (changed,) = await feed.batch()
    assert (changed.type, changed.object["kind"]) == ("MODIFIED", "Crate")
    assert changed.object["data"] == {"load": "SALT"}
    await put("crate-a", "gold")
    assert named(await feed.batch()) == [("DELETED", "a")]
    await put("crate-b", "tea")
    assert named(await feed.batch()) == [("ADDED", "b")]
    await put("d", "salt")
    await world.objects.delete(CONFIG_MAP, "p", "crate-c", SYSTEM)
    assert named(await feed.batch()) == [("DELETED", "c")]


async def test_what_is_written_is_stored_in_its_own_way(world, crates):
    sent = {"metadata": {"name": "new"}, "data": {"load": "COAL"}}
    made = await crates.create(world.ada, "p", "", sent, Options())
    assert (made["kind"], made["metadata"]["name"], made["data"]) == (
        "Crate",
        "new",
        {"load": "COAL"},
    )
    assert load(world, "crate-new") == "coal"

    wood = {**made, "data": {"load": "WOOD"}}
    assert (await crates.update(world.ada, "p", "new", wood, Options()))["data"] == {"load": "WOOD"}
    assert load(world, "crate-new") == "wood"
    with pytest.raises(ObjectConflict):
        await crates.update(world.ada, "p", "new", made, Options())

    deletion = await crates.delete(world.ada, "p", "new", DeleteOptions())
    assert (deletion.removed, deletion.object["kind"]) == (True, "Crate")
    assert world.cache.get(CONFIG_MAP.resource, "p", "crate-new") is None


async def test_the_rules_of_what_is_stored_hold(world, crates):
    bad = {"metadata": {"name": "Bad Name"}, "data": {"load": "TEA"}}
    with pytest.raises(ObjectInvalid):
        await crates.create(world.ada, "p", "", bad, Options())
    dry = {"metadata": {"name": "dry"}, "data": {"load": "TEA"}}
    await crates.create(world.ada, "p", "", dry, Options(dry_run=True))

    assert world.cache.get(CONFIG_MAP.resource, "p", "crate-dry") is None


async def test_a_patch_is_made_again_when_somebody_was_faster(world, crates):
    async def faster():
        old = world.objects.get(CONFIG_MAP, "p", "crate-a")
        labelled = {**old, "metadata": {**old["metadata"], "labels": {"tide": "high"}}}
        await world.objects.update(CONFIG_MAP, "p", "crate-a", labelled, SYSTEM)

    crates.before_update = [faster]
    document = {"data": {"load": "SILK"}}
    changed = await crates.patch(world.ada, "p", "a", PatchType.MERGE, document, Options())

    assert changed["data"] == {"load": "SILK"}
    assert changed["metadata"]["labels"] == {"tide": "high"}


async def test_a_patch_that_names_an_old_version_is_a_conflict(world, crates):
    document = {"metadata": {"resourceVersion": "1"}, "data": {"load": "SILK"}}
    with pytest.raises(ObjectConflict):
        await crates.patch(world.ada, "p", "a", PatchType.MERGE, document, Options())

    assert load(world) == "tea"


async def test_a_collection_is_deleted_as_far_as_it_is_seen(world, crates):
    page = await crates.delete_collection(world.ada, "p", ListOptions(), DeleteOptions())

    assert [one["metadata"]["name"] for one in page.items] == ["a", "c"]
    left = {
        name for name in world.names(CONFIG_MAP) if name in ("d", *map(crates.stored_name, "abc"))
    }
    assert left == {"crate-b", "d"}
