"""What clients write of streams: copies and their rights, generations, and where images may come from."""

import pytest

from wharfinger.cluster.errors import ObjectInvalid
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM
from wharfinger.cluster.options import DeleteOptions, ListOptions, Options
from wharfinger.cluster.patch import PatchType
from wharfinger.cluster.subject import SYSTEM
from wharfinger.images.streams import history
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.policy import import_list
from wharfinger.registry.errors import ManifestUnknown


def tag(name, source, kind="ImageStreamTag", namespace="", **more):
    origin = {"kind": kind, "name": source}
    return {"name": name, "from": origin | ({"namespace": namespace} if namespace else {}), **more}


async def test_a_copied_tag_can_be_pulled_by_its_new_name_at_once(dock):
    digest = await dock.push("team/app", "1")

    made = await dock.make_stream("team/prod", tags=[tag("live", "app:1")])

    assert await dock.pulled("team/prod", "live") == digest
    (event,) = made["status"]["tags"][0]["items"]
    assert event["dockerImageReference"] == f"{dock.host}/team/prod@{digest}"


async def test_a_copy_from_another_project_takes_the_right_to_pull_there(dock):
    digest = await dock.push("other/app", "1")
    wanted = [tag("live", "app:1", namespace="other")]

    with pytest.raises(ObjectInvalid) as refused:
        await dock.make_stream("team/prod", dock.ada, tags=wanted)
    (cause,) = refused.value.causes
    assert (cause.reason, cause.field) == ("FieldValueForbidden", "spec.tags[live].from")
    assert not await dock.registry.exists(RepositoryName("team", "prod"))

    await dock.grant("other", "get")
    await dock.make_stream("team/prod", dock.ada, tags=wanted)

    assert await dock.pulled("team/prod", "live") == digest


async def test_a_copy_within_a_project_takes_the_right_to_pull_too(dock):
    digest = await dock.push("team/app", "1")

    with pytest.raises(ObjectInvalid) as refused:
        await dock.make_stream("team/prod", dock.ada, tags=[tag("live", "app:1")])
    assert refused.value.causes[0].message.startswith('Forbidden: team/app: "')

    await dock.grant("team", "get")
    await dock.make_stream("team/prod", dock.ada, tags=[tag("live", "app:1")])
    assert await dock.pulled("team/prod", "live") == digest


async def test_the_kind_of_a_source_alone_is_no_way_around_its_rights(dock):
    await dock.push("other/app", "1")
    await dock.make_stream(
        "team/prod", dock.ada, tags=[tag("live", "app:1", "DockerImage", namespace="other")]
    )
    change = {"spec": {"tags": [tag("live", "app:1", namespace="other")]}}

    await dock.endpoints["imagestreams"].patch(
        dock.ada, "team", "prod", PatchType.MERGE, change, Options()
    )
    await dock.streams.agree(RepositoryName("team", "prod"))

    assert dock.tags("team/prod") == {}
    assert not await dock.registry.exists(RepositoryName("team", "prod"))


async def test_what_a_rehearsal_would_copy_is_told_and_not_done(dock):
    digest = await dock.push("team/app", "1")
    obj = {"metadata": {"name": "prod"}, "spec": {"tags": [tag("live", "app:1")]}}

    told = await dock.endpoints["imagestreams"].create(
        SYSTEM, "team", "", obj, Options(dry_run=True)
    )

    assert history.latest(told, "live")["image"] == str(digest)
    assert not await dock.registry.exists(RepositoryName("team", "prod"))


async def test_a_tag_that_follows_another_moves_with_a_push(dock):
    await dock.make_stream("team/app", tags=[tag("stable", "1")])

    digest = await dock.push("team/app", "1")

    assert dock.tags("team/app") == {"1": [str(digest)], "stable": [str(digest)]}
    assert await dock.pulled("team/app", "stable") == digest
    second = await dock.push("team/app", "1", {"n": "2"})
    assert await dock.pulled("team/app", "stable") == second


async def test_a_copy_that_a_crash_cut_short_is_completed(dock):
    digest = await dock.push("team/app", "1")
    await dock.make_stream("team/prod", tags=[tag("live", "app:1")])
    name = RepositoryName("team", "prod")
    await dock.registry.delete_manifest(name, Tag("live"))

    await dock.streams.agree(name)

    assert await dock.pulled("team/prod", "live") == digest
    assert dock.tags("team/prod") == {"live": [str(digest)]}


async def test_a_copy_of_what_is_gone_keeps_what_was_wanted_and_has_no_image(dock):
    digest = await dock.push("team/app", "1")
    await dock.registry.delete_manifest(RepositoryName("team", "app"), digest)

    await dock.make_stream("team/prod", tags=[tag("live", "app:1")])

    assert dock.tags("team/prod") == {}
    assert history.spec_tag(dock.stream("team/prod"), "live") is not None
    with pytest.raises(ManifestUnknown):
        await dock.registry.manifest(RepositoryName("team", "app"), digest)


async def test_a_changed_tag_has_the_generation_of_the_change(dock):
    source = "quay.io/some/app"
    await dock.make_stream("team/app", tags=[tag("1", f"{source}:1", "DockerImage")])
    change = {
        "spec": {
            "tags": [tag("1", f"{source}:1", "DockerImage"), tag("2", f"{source}:2", "DockerImage")]
        }
    }

    await dock.endpoints["imagestreams"].patch(
        SYSTEM, "team", "app", PatchType.MERGE, change, Options()
    )

    stream = dock.stream("team/app")
    assert stream["metadata"]["generation"] == 2
    assert {one["name"]: one["generation"] for one in stream["spec"]["tags"]} == {"1": 1, "2": 2}


async def test_a_client_writes_no_status(dock):
    await dock.push("team/app", "1")
    before = dock.stream("team/app")["status"]
    change = {"status": {"tags": []}, "metadata": {"labels": {"a": "b"}}}

    await dock.endpoints["imagestreams"].patch(
        SYSTEM, "team", "app", PatchType.MERGE, change, Options()
    )

    assert dock.stream("team/app")["status"] == before


@pytest.fixture
async def listed(open_dock):
    """A dock that allows imports from quay.io."""
    return await open_dock(allowed=import_list.read([{"domainName": "quay.io"}]))


async def test_only_registries_of_the_list_may_be_named(listed):
    await listed.make_stream("team/app", tags=[tag("1", "quay.io/some/app:1", "DockerImage")])

    with pytest.raises(ObjectInvalid) as refused:
        await listed.make_stream("team/bad", tags=[tag("1", "evil.test/app:1", "DockerImage")])
    (cause,) = refused.value.causes
    assert cause.field == "spec.tags[1].from.name"
    assert 'registry "evil.test" not allowed by whitelist' in cause.message


async def test_our_own_registry_need_not_be_in_the_list(listed):
    digest = await listed.push("team/app", "1")

    await listed.make_stream("team/prod", tags=[tag("live", "app:1")])

    assert await listed.pulled("team/prod", "live") == digest


async def test_a_status_may_not_tell_of_registries_outside_of_the_list(listed):
    await listed.make_stream("team/app")
    event = {
        "created": "2027-01-01T00:00:00Z",
        "dockerImageReference": "evil.test/app@sha256:" + "0" * 64,
        "image": "sha256:" + "0" * 64,
        "generation": 1,
    }
    stream = listed.stream("team/app")
    told = {**stream["status"], "tags": [{"tag": "1", "items": [event]}]}

    with pytest.raises(ObjectInvalid) as refused:
        await listed.objects.update(
            IMAGE_STREAM, "team", "app", {**stream, "status": told}, SYSTEM, subresource="status"
        )
    assert refused.value.causes[0].field == "status.tags[1].items[0].dockerImageReference"


async def test_streams_are_deleted_all_at_once_with_their_repositories(dock):
    await dock.push("team/a", "1")
    await dock.push("team/b", "1")
    kept = await dock.push("other/a", "1")

    await dock.endpoints["imagestreams"].delete_collection(
        SYSTEM, "team", ListOptions(), DeleteOptions()
    )

    assert not await dock.registry.exists(RepositoryName("team", "a"))
    assert not await dock.registry.exists(RepositoryName("team", "b"))
    assert await dock.pulled("other/a", "1") == kept
