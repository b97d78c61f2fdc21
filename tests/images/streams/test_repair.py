"""After a crash, and whoever deletes what, streams and registry agree again."""

import asyncio

import pytest

from wharfinger.cluster.controllers import Runner
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM
from wharfinger.cluster.options import DeleteOptions
from wharfinger.cluster.subject import SYSTEM
from wharfinger.images.streams.repair import Repair, StreamEnds
from wharfinger.images.streams.streams import Streams
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.policy.import_policy import ImportPolicy

APP = RepositoryName("team", "app")


@pytest.fixture
def repair(dock):
    return Repair(dock.cache, dock.registry, dock.streams)


async def test_a_repository_from_before_there_were_streams_gets_its_stream(dock, repair):
    digests = [await dock.put("team/app", str(number), {"n": str(number)}) for number in range(3)]
    await dock.put("gone/app", "1")  # of a project that is not there
    await dock.put("team/a/b", "1")

    await repair.all()

    assert dock.tags("team/app") == {str(n): [str(one)] for n, one in enumerate(digests)}
    assert len(list(dock.cache.list(IMAGE_STREAM.resource))) == 1


async def test_where_all_agrees_nothing_is_written_and_no_manifest_is_read(
    dock, repair, monkeypatch
):
    for number in range(120):
        await dock.push(f"team/app{number}", "1")
    before = dock.cache.revision

    async def unread(*_):
        raise AssertionError("a manifest was read")

    monkeypatch.setattr(dock.registry, "manifest", unread)
    await repair.all()

    assert dock.cache.revision == before


async def test_what_a_crash_left_behind_is_put_right(dock, repair):
    await dock.push("team/app", "1")
    await dock.push("team/other", "1")
    await dock.registry.delete_manifest(APP, Tag("1"))
    new = await dock.put("team/app", "2", {"n": "2"})
    await dock.registry.delete_repository(RepositoryName("team", "other"))

    await repair.all()

    assert dock.tags("team/app") == {"2": [str(new)]}
    assert dock.tags("team/other") == {}


async def test_a_server_under_another_name_renames_its_images(dock):
    digest = await dock.push("team/app", "1")
    streams = Streams(dock.records, dock.registry, policy=ImportPolicy(internal="new.test"))

    await Repair(dock.cache, dock.registry, streams).all()

    stream = dock.stream("team/app")
    assert stream["status"]["dockerImageRepository"] == "new.test/team/app"
    (event,) = stream["status"]["tags"][0]["items"]
    assert event["dockerImageReference"] == f"new.test/team/app@{digest}"


async def test_one_repository_that_cannot_be_repaired_keeps_nobody_else_waiting(
    dock, repair, monkeypatch
):
    await dock.put("team/a", "1")
    digest = await dock.put("team/b", "1")
    monkeypatch.setattr("wharfinger.images.streams.streams._TRIES", 0)
    await repair.all()
    monkeypatch.undo()

    await repair.all()

    assert dock.tags("team/b") == {"1": [str(digest)]}


async def test_a_stream_that_anybody_deletes_takes_its_repository_along(dock):
    runner = Runner(dock.cache, StreamEnds(dock.streams))
    await runner.work()
    await dock.push("team/app", "1")
    await dock.objects.delete(IMAGE_STREAM, "team", "app", SYSTEM)  # as the collector of garbage

    await runner.work()

    assert not await dock.registry.exists(APP)


async def test_a_push_right_after_a_deletion_is_not_taken_away(dock):
    runner = Runner(dock.cache, StreamEnds(dock.streams))
    await runner.work()
    await dock.push("team/app", "1")
    await dock.endpoints["imagestreams"].delete(SYSTEM, "team", "app", DeleteOptions())
    await dock.registry.put_blob(APP, Digest.of(b"first"), b"first")

    await runner.work()

    assert (await dock.registry.blob(APP, Digest.of(b"first"))).size == 5
    digest = await dock.push("team/app", "1")
    await asyncio.sleep(0)
    await runner.work()
    assert await dock.pulled("team/app", "1") == digest
