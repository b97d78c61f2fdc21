"""Streams follow what the registry has, whoever changes it and wherever a crash falls."""

import asyncio

import pytest

from wharfinger.cluster.errors import ObjectNotFound
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM
from wharfinger.cluster.kinds.openshift.images import IMAGE
from wharfinger.cluster.options import DeleteOptions
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.subject import SYSTEM
from wharfinger.images.streams import agreement
from wharfinger.images.streams.history import Draft
from wharfinger.images.streams.pushed_images import MANAGED
from wharfinger.images.streams.streams import PushUndone
from wharfinger.oci.names import RepositoryName, Tag

APP = RepositoryName("team", "app")
ELSEWHERE = "sha256:" + "e" * 64


def imported(tag, digest=ELSEWHERE, place="quay.io/some/app"):
    """A change as an import makes it."""

    def change(stream):
        draft = Draft(stream or {"metadata": {"namespace": "team", "name": "app"}})
        draft.move(
            tag,
            {
                "created": "2027-01-02T00:00:00Z",
                "dockerImageReference": f"{place}@{digest}",
                "image": digest,
                "generation": 2,
            },
        )
        return draft.object

    return change


async def test_a_push_is_told_in_the_stream_and_makes_its_image_known(dock):
    digest = await dock.push("team/app", "1", {"vendor": "dock"})

    stream = dock.stream("team/app")
    assert stream["status"]["dockerImageRepository"] == f"{dock.host}/team/app"
    (event,) = stream["status"]["tags"][0]["items"]
    assert event == {
        "created": "2027-01-01T00:00:00Z",
        "dockerImageReference": f"{dock.host}/team/app@{digest}",
        "image": str(digest),
        "generation": 1,
    }
    image = dock.known(digest)
    assert image["dockerImageMetadata"]["Config"]["Labels"] == {"vendor": "dock"}
    assert image["metadata"]["annotations"][MANAGED] == "true"


async def test_the_newest_push_of_a_tag_comes_first(dock):
    first = await dock.push("team/app", "1", {"n": "1"})
    second = await dock.push("team/app", "1", {"n": "2"})
    other = await dock.push("team/app", "2", {"n": "3"})

    assert dock.tags("team/app") == {"1": [str(second), str(first)], "2": [str(other)]}


async def test_a_push_of_what_is_there_writes_nothing(dock):
    await dock.push("team/app", "1")
    before = dock.cache.revision

    await dock.push("team/app", "1")

    assert dock.cache.revision == before


async def test_a_push_of_a_known_image_under_another_tag_is_one_write(dock):
    await dock.push("team/app", "1")
    before = dock.cache.revision

    await dock.push("team/app", "2")

    assert dock.cache.revision == before + 1


async def test_a_note_on_an_image_outlives_another_push(dock):
    digest = await dock.push("team/app", "1")
    note = {"metadata": {"annotations": {"images.openshift.io/deny-execution": "true"}}}
    await dock.objects.patch(IMAGE, "", str(digest), PatchType.MERGE, note, SYSTEM)

    await dock.push("team/other", "1")

    annotations = dock.known(digest)["metadata"]["annotations"]
    assert annotations["images.openshift.io/deny-execution"] == "true"


async def test_a_push_by_digest_makes_the_stream_alone(dock):
    digest = await dock.put("team/app", "1")
    await dock.registry.delete_manifest(APP, Tag("1"))

    await dock.streams.pushed(APP, None, digest)

    assert dock.tags("team/app") == {}


@pytest.mark.parametrize("name", ["team/a/b", "team/a--b", "team/a__b"])
async def test_a_repository_whose_name_is_none_for_a_stream_has_none(dock, name):
    await dock.push(name, "1")
    await dock.streams.agree(RepositoryName.parse(name))

    assert not list(dock.cache.list(IMAGE_STREAM.resource))
    assert await dock.pulled(name, "1") is not None


async def test_a_tag_deleted_in_the_registry_is_gone_from_the_stream(dock):
    await dock.push("team/app", "1")
    kept = await dock.push("team/app", "2")
    await dock.registry.delete_manifest(APP, Tag("1"))

    await dock.streams.moved(APP, Tag("1"))

    assert dock.tags("team/app") == {"2": [str(kept)]}


async def test_an_image_deleted_in_the_registry_takes_all_its_tags(dock):
    digest = await dock.push("team/app", "1")
    await dock.push("team/app", "2")
    await dock.registry.delete_manifest(APP, digest)

    await dock.streams.agree(APP)

    assert dock.tags("team/app") == {}


async def test_what_a_crash_left_untold_is_told_later(dock):
    first = await dock.push("team/app", "1", {"n": "1"})
    second = await dock.put("team/app", "1", {"n": "2"})
    third = await dock.put("team/app", "new", {"n": "3"})

    await dock.streams.agree(APP)

    assert dock.tags("team/app") == {"1": [str(second), str(first)], "new": [str(third)]}
    assert dock.known(third) is not None
    before = dock.cache.revision
    await dock.streams.agree(APP)
    assert dock.cache.revision == before


async def test_an_image_that_was_not_kept_is_kept_later(dock):
    digest = await dock.push("team/app", "1")
    await dock.objects.delete(IMAGE, "", str(digest), SYSTEM)

    await dock.streams.agree(APP)

    assert dock.known(digest) is not None


async def test_pushes_at_once_are_all_told(dock):
    digests = [await dock.put("team/app", str(n), {"n": str(n)}) for n in range(200)]
    before = dock.cache.revision

    await asyncio.gather(
        *(dock.streams.pushed(APP, Tag(str(n)), one) for n, one in enumerate(digests))
    )

    assert dock.tags("team/app") == {str(n): [str(one)] for n, one in enumerate(digests)}
    assert dock.cache.revision - before < len(digests) + 10, (
        "each image, and few writes of the stream"
    )


async def test_a_push_whose_client_goes_away_takes_no_other_along(dock):
    digests = [await dock.put("team/app", str(n), {"n": str(n)}) for n in range(3)]
    pushes = [
        asyncio.create_task(dock.streams.pushed(APP, Tag(str(n)), one))
        for n, one in enumerate(digests)
    ]
    await asyncio.sleep(0)
    pushes[0].cancel()

    await asyncio.gather(*pushes[1:])

    assert {"1", "2"} <= set(dock.tags("team/app"))


async def test_of_pushes_of_one_tag_at_once_the_stream_ends_with_the_one_that_is_there(dock):
    await asyncio.gather(*(dock.push("team/app", "1", {"n": str(n)}) for n in range(20)))

    assert dock.tags("team/app")["1"][0] == str(await dock.pulled("team/app", "1"))


async def test_a_history_is_cut_at_its_end(dock, monkeypatch):
    monkeypatch.setattr(agreement, "MOST_EVENTS", 3)
    digests = [await dock.push("team/app", "1", {"n": str(n)}) for n in range(5)]

    assert dock.tags("team/app")["1"] == [str(one) for one in digests[:1:-1]]


async def test_a_push_is_taken_even_if_the_stream_has_no_room(dock, monkeypatch):
    monkeypatch.setattr("wharfinger.cluster.objects.MAX_BYTES", 5_000)
    digests = [await dock.push("team/app", str(n), {"n": str(n)}) for n in range(20)]

    assert await dock.pulled("team/app", "19") == digests[-1]
    assert 5 < len(dock.tags("team/app")) < 20


async def test_without_room_the_past_goes_first(dock, monkeypatch):
    for number in range(20):
        await dock.push("team/app", "1", {"n": str(number)})
    monkeypatch.setattr("wharfinger.cluster.objects.MAX_BYTES", 5_000)

    last = await dock.push("team/app", "2", {"n": "last"})

    assert {tag: len(past) for tag, past in dock.tags("team/app").items()} == {"1": 1, "2": 1}
    assert dock.tags("team/app")["2"] == [str(last)]


async def test_an_import_takes_its_tag_from_the_registry(dock):
    pushed = await dock.push("team/app", "1")

    await dock.streams.apply("team", "app", imported("1"), subject=SYSTEM, create=False)

    assert dock.tags("team/app") == {"1": [ELSEWHERE, str(pushed)]}
    assert await dock.pulled("team/app", "1") is None
    assert (await dock.registry.manifest(APP, pushed)).digest == pushed


async def test_an_import_that_a_crash_cut_short_is_not_taken_for_an_older_push(dock):
    pushed = await dock.push("team/app", "1")
    await dock.streams.apply("team", "app", imported("1"), subject=SYSTEM, create=False)
    await dock.put("team/app", "1")  # what the import had still to take away

    await dock.streams.agree(APP)

    assert dock.tags("team/app") == {"1": [ELSEWHERE, str(pushed)]}
    assert await dock.pulled("team/app", "1") is None


async def test_a_push_over_an_import_comes_first(dock):
    await dock.streams.apply("team", "app", imported("1"), subject=SYSTEM, create=True)

    pushed = await dock.push("team/app", "1")

    assert dock.tags("team/app") == {"1": [str(pushed), ELSEWHERE]}


async def test_a_tag_of_elsewhere_is_none_of_the_registrys_business(dock):
    await dock.streams.apply("team", "app", imported("1"), subject=SYSTEM, create=True)

    await dock.streams.agree(APP)
    await dock.streams.moved(APP, Tag("1"))

    assert dock.tags("team/app") == {"1": [ELSEWHERE]}


async def test_what_need_not_be_written_is_not(dock):
    await dock.push("team/app", "1")
    before = dock.cache.revision

    found = await dock.streams.apply("team", "app", lambda _: None, subject=SYSTEM, create=True)

    assert found == dock.stream("team/app")
    assert dock.cache.revision == before


async def test_a_stream_is_not_made_unless_that_is_asked_for(dock):
    with pytest.raises(ObjectNotFound):
        await dock.streams.apply("team", "app", imported("1"), subject=SYSTEM, create=False)

    assert dock.stream("team/app") is None


async def test_changes_at_once_are_all_written(dock):
    tags = [str(number) for number in range(5)]
    await asyncio.gather(
        *(
            dock.streams.apply("team", "app", imported(tag), subject=SYSTEM, create=True)
            for tag in tags
        )
    )

    assert sorted(dock.tags("team/app")) == tags


async def test_a_change_is_made_again_on_what_somebody_else_has_written(dock):
    await dock.make_stream("team/app")
    seen = []

    def change(stream):
        seen.append(stream["metadata"]["resourceVersion"])
        return imported("1")(stream)

    note = {"metadata": {"labels": {"a": "b"}}}
    await asyncio.gather(
        dock.streams.apply("team", "app", change, subject=SYSTEM, create=False),
        dock.objects.patch(IMAGE_STREAM, "team", "app", PatchType.MERGE, note, SYSTEM),
    )

    assert len(seen) == 2
    assert set(dock.tags("team/app")) == {"1"}
    assert dock.stream("team/app")["metadata"]["labels"] == {"a": "b"}


async def test_a_registry_of_another_name_renames_what_it_has(open_dock, dock):
    digest = await dock.push("team/app", "1")
    await dock.streams.apply("team", "app", imported("2"), subject=SYSTEM, create=False)
    stream = dock.stream("team/app")

    new = agreement.named(stream, "new.test/team/app", "out.test/team/app")

    assert new["status"]["dockerImageRepository"] == "new.test/team/app"
    assert new["status"]["publicDockerImageRepository"] == "out.test/team/app"
    places = [one["items"][0]["dockerImageReference"] for one in new["status"]["tags"]]
    assert places == [f"new.test/team/app@{digest}", f"quay.io/some/app@{ELSEWHERE}"]
    assert stream == dock.stream("team/app")
    assert agreement.named(new, "new.test/team/app", "out.test/team/app") is None


async def test_with_a_stream_goes_its_repository(dock):
    await dock.push("team/app", "1")

    await dock.endpoints["imagestreams"].delete(SYSTEM, "team", "app", DeleteOptions())

    assert not await dock.registry.exists(APP)


async def test_a_rehearsed_deletion_takes_nothing(dock):
    digest = await dock.push("team/app", "1")

    options = DeleteOptions(dry_run=True)
    await dock.endpoints["imagestreams"].delete(SYSTEM, "team", "app", options)

    assert await dock.pulled("team/app", "1") == digest
    assert dock.stream("team/app") is not None


async def test_a_repository_is_not_dropped_while_its_stream_is_there(dock):
    digest = await dock.push("team/app", "1")

    await dock.streams.drop(APP, "another")

    assert await dock.pulled("team/app", "1") == digest


async def test_a_push_that_a_deletion_overtakes_is_not_acknowledged(dock):
    digest = await dock.put("team/app", "1")
    await dock.registry.delete_repository(APP)

    with pytest.raises(PushUndone):
        await dock.streams.pushed(APP, Tag("1"), digest)

    assert dock.tags("team/app") == {}


async def test_a_push_and_a_deletion_at_once_end_in_agreement(dock):
    for number in range(10):
        await dock.push("team/app", "old")
        delete = dock.endpoints["imagestreams"].delete(SYSTEM, "team", "app", DeleteOptions())
        pushed, _ = await asyncio.gather(
            dock.push("team/app", "1", {"n": str(number)}), delete, return_exceptions=True
        )

        there = await dock.pulled("team/app", "1")
        told = dock.tags("team/app").get("1") if dock.stream("team/app") else None
        assert (told or [None])[0] == (str(there) if there else None)
        if not isinstance(pushed, Exception):
            assert there == pushed
        await dock.streams.agree(APP)
