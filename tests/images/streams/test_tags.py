"""Single tags of a stream, as `oc tag` and `kubectl` write and delete them."""

import pytest

from wharfinger.cluster.errors import BadRequest, ObjectConflict, ObjectInvalid, ObjectNotFound
from wharfinger.cluster.options import DeleteOptions, ListOptions, Options
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.subject import SYSTEM
from wharfinger.images.streams import history
from wharfinger.policy import import_list

FROM = {"kind": "DockerImage", "name": "quay.io/some/app:1"}


@pytest.fixture
def tags(dock):
    return dock.endpoints["imagestreamtags"]


def stream_tag(name, source=FROM, **metadata):
    """As `oc tag` sends it: without a name in the tag."""
    wanted = {"name": "", "from": source, "referencePolicy": {"type": "Local"}, "importPolicy": {}}
    return {"metadata": {"name": name, **metadata}, "tag": wanted}


async def test_a_tag_that_is_written_is_wanted_by_its_stream(dock, tags):
    told = await tags.update(SYSTEM, "team", "app:1", stream_tag("app:1"), Options())

    assert told["tag"]["name"] == "1"
    wanted = history.spec_tag(dock.stream("team/app"), "1")
    assert (wanted["from"], wanted["referencePolicy"], wanted["generation"]) == (
        FROM, {"type": "Local"}, 1
    )  # fmt: skip
    assert told["image"]["metadata"]["name"] == ""


async def test_a_tag_that_copies_another_can_be_pulled_at_once(dock, tags):
    digest = await dock.push("team/app", "1")
    source = {"kind": "ImageStreamTag", "name": "app:1"}

    told = await tags.update(SYSTEM, "team", "app:live", stream_tag("app:live", source), Options())

    assert told["image"]["metadata"]["name"] == str(digest)
    assert await dock.pulled("team/app", "live") == digest


async def test_a_pushed_tag_is_shown_with_its_image(dock, tags):
    digest = await dock.push("team/app", "1", {"vendor": "dock"})

    shown = await tags.get(SYSTEM, "team", "app:1")

    assert shown["tag"] is None
    assert shown["image"]["metadata"]["name"] == str(digest)
    assert shown["image"]["dockerImageMetadata"]["Config"]["Labels"] == {"vendor": "dock"}
    assert shown["metadata"]["creationTimestamp"] == "2027-01-01T00:00:00Z"


async def test_a_deleted_tag_is_gone_from_stream_and_registry(dock, tags):
    await dock.push("team/app", "1")
    kept = await dock.push("team/app", "2")

    await tags.delete(SYSTEM, "team", "app:1", DeleteOptions())

    assert dock.tags("team/app") == {"2": [str(kept)]}
    assert await dock.pulled("team/app", "1") is None
    assert dock.known(kept) is not None


async def test_a_rehearsed_deletion_takes_no_tag(dock, tags):
    digest = await dock.push("team/app", "1")

    await tags.delete(SYSTEM, "team", "app:1", DeleteOptions(dry_run=True))

    assert dock.tags("team/app") == {"1": [str(digest)]}
    assert await dock.pulled("team/app", "1") == digest


async def test_a_deletion_asks_whether_the_stream_is_as_it_was(dock, tags):
    await dock.push("team/app", "1")

    for options in (DeleteOptions(uid="other"), DeleteOptions(resource_version="1")):
        with pytest.raises(ObjectConflict):
            await tags.delete(SYSTEM, "team", "app:1", options)

    assert await dock.pulled("team/app", "1") is not None


async def test_a_note_on_a_tag_is_shown_on_its_image_too(dock, tags):
    digest = await dock.push("team/app", "1")
    source = {"kind": "ImageStreamTag", "name": "app:1"}
    await tags.update(SYSTEM, "team", "app:live", stream_tag("app:live", source), Options())
    note = {"metadata": {"annotations": {"checked": "yes"}}}

    told = await tags.patch(SYSTEM, "team", "app:live", PatchType.MERGE, note, Options())

    assert told["metadata"]["annotations"] == {"checked": "yes"}
    assert told["image"]["metadata"]["annotations"]["checked"] == "yes"
    assert "checked" not in dock.known(digest)["metadata"]["annotations"]
    more = {"metadata": {"annotations": {"checked": "twice"}}}
    told = await tags.patch(SYSTEM, "team", "app:live", PatchType.MERGE, more, Options())
    assert told["metadata"]["annotations"] == {"checked": "twice"}


async def test_a_tag_that_was_only_pushed_has_nothing_to_update(dock, tags):
    await dock.push("team/app", "1")

    note = {"metadata": {"annotations": {"a": "b"}}}
    with pytest.raises(BadRequest, match="is not a spec tag"):
        await tags.patch(SYSTEM, "team", "app:1", PatchType.MERGE, note, Options())


async def test_a_rehearsed_write_writes_nothing(dock, tags):
    told = await tags.create(SYSTEM, "team", "", stream_tag("app:1"), Options(dry_run=True))

    assert told["tag"]["from"] == FROM
    assert dock.stream("team/app") is None


async def test_a_tag_may_not_name_a_registry_outside_of_the_list(open_dock):
    dock = await open_dock(allowed=import_list.read([{"domainName": "docker.io"}]))

    with pytest.raises(ObjectInvalid) as refused:
        await dock.endpoints["imagestreamtags"].create(
            SYSTEM, "team", "", stream_tag("app:1"), Options()
        )

    assert refused.value.kind_name == "ImageStreamTag"
    assert "tag.from.name" in {cause.field for cause in refused.value.causes}
    assert dock.stream("team/app") is None


@pytest.mark.parametrize("name", ["app", "app:", ":1", "app:1:2", "app@1", ""])
async def test_a_name_that_is_none_of_a_tag_is_refused(dock, tags, name):
    for request in (
        tags.get(SYSTEM, "team", name),
        tags.create(SYSTEM, "team", "", stream_tag(name), Options()),
        tags.delete(SYSTEM, "team", name, DeleteOptions()),
    ):
        with pytest.raises(BadRequest):
            await request


async def test_tags_are_listed_with_what_selects_them(dock, tags):
    await dock.push("team/app", "1")
    await dock.push("other/app", "1")

    assert len((await tags.list(SYSTEM, None, ListOptions(limit=1))).items) == 2
    page = await tags.list(SYSTEM, "team", ListOptions())
    assert [one["metadata"]["namespace"] for one in page.items] == ["team"]


async def test_an_image_tag_shows_what_is_wanted_and_what_there_was(dock, tags):
    itags = dock.endpoints["imagetags"]
    first = await dock.push("team/app", "1", {"n": "1"})
    second = await dock.push("team/app", "1", {"n": "2"})
    wanted = {"metadata": {"name": "app:2"}, "spec": {"name": "2", "from": FROM}}
    told = await itags.create(SYSTEM, "team", "", wanted, Options())

    assert (told["spec"]["from"], told["status"], told["image"]) == (FROM, None, None)
    pushed = await itags.get(SYSTEM, "team", "app:1")
    assert pushed["spec"] is None
    assert [one["image"] for one in pushed["status"]["items"]] == [str(second), str(first)]
    assert pushed["image"]["metadata"]["name"] == str(second)
    listed = await itags.list(SYSTEM, "team", ListOptions())
    assert [one["metadata"]["name"] for one in listed.items] == ["app:1", "app:2"]

    await itags.delete(SYSTEM, "team", "app:2", DeleteOptions())

    with pytest.raises(ObjectNotFound):
        await itags.get(SYSTEM, "team", "app:2")


async def test_an_image_of_the_history_is_shown_by_its_digest_or_the_beginning_of_it(dock):
    images = dock.endpoints["imagestreamimages"]
    first = await dock.push("team/app", "1", {"n": "1"})
    await dock.push("team/app", "1", {"n": "2"})

    for identity in (str(first), str(first)[:20], first.hex[:12]):
        found = await images.get(SYSTEM, "team", f"app@{identity}")
        assert found["metadata"]["name"] == f"app@{first}"
        assert found["image"]["metadata"]["name"] == str(first)
        assert found["image"]["dockerImageReference"] == f"{dock.host}/team/app@{first}"
    with pytest.raises(BadRequest, match="<name>@<id>"):
        await images.get(SYSTEM, "team", "app:1")
    with pytest.raises(ObjectNotFound):
        await images.get(SYSTEM, "team", "app@sha256:" + "f" * 64)
