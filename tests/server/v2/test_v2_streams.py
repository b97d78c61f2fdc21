"""Image streams are told of what changes in the registry, before the client reads its answer."""

from wharfinger.images.streams.streams import PushUndone
from wharfinger.oci.names import RepositoryName

NAME = "team/app"


async def test_a_push_by_tag_and_one_by_digest_are_told(client, heard, make_image):
    digest = await client.push_image(NAME, "1")
    again = await client.put_manifest(
        NAME, str(digest), make_image(await client.push_blob(NAME, b"{}"))
    )

    assert again.status == 201
    assert heard.told == [("pushed", NAME, "1", digest), ("pushed", NAME, None, digest)]


async def test_a_push_that_is_undone_meanwhile_is_not_acknowledged(client, heard, make_image):
    raw = make_image(await client.push_blob(NAME, b"{}"))
    heard.refusal = PushUndone(RepositoryName.parse(NAME))

    answer = await client.put_manifest(NAME, "1", raw)

    assert answer.status == 409
    assert b"deleted during the push" in answer.body


async def test_deletions_are_told_by_tag_or_as_a_whole(client, heard):
    digest = await client.push_image(NAME, "1")
    heard.told.clear()

    assert (await client("DELETE", f"/v2/{NAME}/manifests/1")).status == 202
    assert (await client("DELETE", f"/v2/{NAME}/manifests/{digest}")).status == 202

    assert heard.told == [("moved", NAME, "1"), ("agree", NAME)]


async def test_who_may_only_push_may_push_to_a_stream_that_is_there(client, heard, rights):
    rights.only(("ada", "update", "imagestreams/layers", "team"))

    assert (await client("POST", f"/v2/{NAME}/blobs/uploads/")).status == 403
    heard.streams.add(NAME)

    assert (await client("POST", f"/v2/{NAME}/blobs/uploads/")).status == 202
