"""What every `MetadataStore` does."""

import asyncio
import json

import pytest

from wharfinger.oci import manifest, media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.errors import InvalidManifest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.registry.errors import ManifestIncomplete
from wharfinger.registry.metadata import StoredManifest
from wharfinger.registry.stores.memory import MemoryMetadataStore
from wharfinger.registry.stores.sqlite import SqliteMetadataStore

STORES = {
    "memory": lambda _: MemoryMetadataStore(),
    "sqlite": lambda directory: SqliteMetadataStore(directory / "metadata.sqlite"),
}

A, B = RepositoryName.parse("team/a"), RepositoryName.parse("team/b")
OTHER = RepositoryName.parse("other/a")
BLOB = Digest.of(b"config")
LATEST = Tag("latest")


@pytest.fixture(params=STORES)
async def metadata(request, tmp_path):
    store = STORES[request.param](tmp_path)
    yield store
    await store.close()


def image(note="", *, blob=b"config", subject=None, artifact_type=None):
    config = {"mediaType": "x/config", "digest": str(Digest.of(blob)), "size": len(blob)}
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_IMAGE,
        "config": config,
        "layers": [],
        "annotations": {"note": note},
    }
    if subject is not None:
        document["subject"] = {"mediaType": "x/y", "digest": str(subject), "size": 1}
    if artifact_type is not None:
        document["artifactType"] = artifact_type
    return manifest.parse(json.dumps(document).encode(), None)


def index(*children):
    entries = [
        {"mediaType": media_types.OCI_IMAGE, "digest": str(child), "size": 1} for child in children
    ]
    document = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": entries}
    return manifest.parse(json.dumps(document).encode(), None)


async def put(metadata, name, parsed, tag=None):
    digest = Digest.of(parsed.raw)
    await metadata.put_manifest(name, digest, parsed, tag)
    return digest


async def test_a_repository_comes_into_being_with_its_first_blob(metadata):
    assert not await metadata.exists(A)

    await metadata.link_blob(A, BLOB, 6)

    assert await metadata.exists(A)
    assert await metadata.blob_size(A, BLOB) == 6


async def test_all_tags_are_told_with_their_repositories(metadata):
    for name in (OTHER, B, A):
        await metadata.link_blob(name, BLOB, 6)
    first = await put(metadata, A, image("1"), LATEST)
    second = await put(metadata, A, image("2"), Tag("2"))
    await put(metadata, OTHER, image("3"), LATEST)

    found = await metadata.tagged("", 10)

    assert await metadata.all_tags(A) == {LATEST: first, Tag("2"): second}
    assert await metadata.all_tags(RepositoryName.parse("team/none")) == {}
    assert [name for name, _ in found] == [OTHER, A, B]
    assert dict(found[1:])[A] == {LATEST: first, Tag("2"): second}
    assert dict(found)[B] == {}
    assert [name for name, _ in await metadata.tagged(str(OTHER), 1)] == [A]


async def test_a_blob_is_readable_only_through_a_repository_that_links_it(metadata):
    await metadata.link_blob(A, BLOB, 6)

    assert await metadata.blob_size(B, BLOB) is None
    assert not await metadata.exists(B)


async def test_cve_2026_35172_a_blob_unlinked_in_one_repository_stays_in_the_other(metadata):
    for name in (A, B):
        await metadata.link_blob(name, BLOB, 6)
        assert await metadata.blob_size(name, BLOB) == 6

    assert await metadata.unlink_blob(A, BLOB)

    assert await metadata.blob_size(B, BLOB) == 6
    assert await metadata.blob_size(A, BLOB) is None
    assert not await metadata.unlink_blob(A, BLOB)


async def test_a_manifest_and_its_tag_appear_together(metadata):
    await metadata.link_blob(A, BLOB, 6)
    parsed = image()
    digest = await put(metadata, A, parsed, LATEST)

    assert await metadata.tag(A, LATEST) == digest
    assert await metadata.manifest(A, digest) == StoredManifest(
        digest, media_types.OCI_IMAGE, parsed.raw
    )


async def test_a_tag_moves(metadata):
    await metadata.link_blob(A, BLOB, 6)
    first = await put(metadata, A, image("1"), LATEST)
    assert await metadata.tag(A, LATEST) == first

    second = await put(metadata, A, image("2"), LATEST)

    assert await metadata.tag(A, LATEST) == second
    assert await metadata.manifest(A, first) is not None


async def test_a_manifest_without_its_blobs_changes_nothing(metadata):
    with pytest.raises(ManifestIncomplete) as refused:
        await put(metadata, A, image(), LATEST)

    assert refused.value.missing == (BLOB,)
    assert not await metadata.exists(A)
    assert await metadata.tag(A, LATEST) is None


async def test_a_blob_of_another_repository_is_not_enough(metadata):
    await metadata.link_blob(B, BLOB, 6)

    with pytest.raises(ManifestIncomplete):
        await put(metadata, A, image())


async def test_a_manifest_that_lies_about_a_size_is_refused(metadata):
    await metadata.link_blob(A, BLOB, 7)

    with pytest.raises(InvalidManifest):
        await put(metadata, A, image())


async def test_an_index_needs_its_children(metadata):
    await metadata.link_blob(A, BLOB, 6)
    child = Digest.of(image().raw)

    with pytest.raises(ManifestIncomplete):
        await put(metadata, A, index(child))

    await put(metadata, A, image())
    assert await metadata.manifest(A, await put(metadata, A, index(child), LATEST)) is not None


async def test_a_deleted_manifest_takes_its_tags_along(metadata):
    await metadata.link_blob(A, BLOB, 6)
    digest = await put(metadata, A, image(), LATEST)
    await put(metadata, A, image(), Tag("stable"))
    kept = await put(metadata, A, image("kept"), Tag("kept"))
    assert await metadata.tag(A, LATEST) == digest

    assert await metadata.delete_manifest(A, digest)

    assert await metadata.manifest(A, digest) is None
    assert await metadata.tag(A, LATEST) is None
    assert await metadata.tags(A, "", 10) == [Tag("kept")]
    assert await metadata.manifest(A, kept) is not None
    assert not await metadata.delete_manifest(A, digest)


async def test_a_deleted_tag_leaves_its_manifest(metadata):
    await metadata.link_blob(A, BLOB, 6)
    digest = await put(metadata, A, image(), LATEST)
    assert await metadata.tag(A, LATEST) == digest

    assert await metadata.delete_tag(A, LATEST)

    assert await metadata.tag(A, LATEST) is None
    assert await metadata.manifest(A, digest) is not None
    assert not await metadata.delete_tag(A, LATEST)


async def test_tags_are_listed_in_byte_order_behind_a_marker(metadata):
    await metadata.link_blob(A, BLOB, 6)
    names = ["a", "a-b", "a.b", "ab", "B", "_x", "1"]
    for name in names:
        await put(metadata, A, image(), Tag(name))
    in_order = sorted(names)

    assert [str(tag) for tag in await metadata.tags(A, "", 10)] == in_order
    assert [str(tag) for tag in await metadata.tags(A, "a", 2)] == ["a-b", "a.b"]
    assert [str(tag) for tag in await metadata.tags(A, "a+", 1)] == ["a-b"]


async def test_repositories_are_listed_in_byte_order_behind_a_marker(metadata):
    names = ["team/a", "team/a/b", "team/a-b", "team/ab", "tea/m", "team-a/b"]
    for name in names:
        await metadata.link_blob(RepositoryName.parse(name), BLOB, 6)
    in_order = sorted(names)

    assert [str(name) for name in await metadata.repositories("", 10)] == in_order
    assert [str(name) for name in await metadata.repositories(in_order[1], 2)] == in_order[2:4]


async def test_referrers_are_found_by_subject_and_type_in_pages(metadata):
    await metadata.link_blob(A, BLOB, 6)
    subject = Digest.of(b"not pushed yet")
    digests = [
        await put(metadata, A, image(str(i), subject=subject, artifact_type="x/sbom"))
        for i in range(3)
    ]
    signature = await put(metadata, A, image(subject=subject, artifact_type="x/signature"))
    await put(metadata, A, image("about nothing"))
    everything = sorted([*digests, signature], key=str)

    async def found(artifact_type=None, after="", limit=10, name=A):
        referrers = await metadata.referrers(
            name, subject, artifact_type=artifact_type, after=after, limit=limit
        )
        return [referrer.digest for referrer in referrers]

    assert await found() == everything
    assert await found("x/signature") == [signature]
    assert await found(limit=2) == everything[:2]
    assert await found(after=str(everything[1])) == everything[2:]
    assert await found(name=B) == []


async def test_a_deleted_repository_is_gone_and_others_stay(metadata):
    for name in (A, B):
        await metadata.link_blob(name, BLOB, 6)
    digest = await put(metadata, A, image(), LATEST)
    assert await metadata.tag(A, LATEST) == digest
    assert await metadata.manifest(A, digest) is not None
    assert await metadata.blob_size(A, BLOB) == 6

    assert await metadata.delete_repository(A)

    assert not await metadata.exists(A)
    assert await metadata.tag(A, LATEST) is None
    assert await metadata.manifest(A, digest) is None
    assert await metadata.blob_size(A, BLOB) is None
    assert await metadata.blob_size(B, BLOB) == 6
    assert not await metadata.delete_repository(A)


async def test_a_deleted_project_takes_its_repositories_only(metadata):
    namesake = RepositoryName.parse("team-x/a")
    for name in (A, B, OTHER, namesake):
        await metadata.link_blob(name, BLOB, 6)

    await metadata.delete_project("team")

    assert await metadata.repositories("", 10) == [OTHER, namesake]
    assert await metadata.blob_size(A, BLOB) is None
    assert await metadata.blob_size(OTHER, BLOB) == 6


async def test_a_repository_made_again_remembers_nothing(metadata):
    await metadata.link_blob(A, BLOB, 6)
    await put(metadata, A, image(), LATEST)
    await metadata.delete_project("team")

    await metadata.link_blob(A, Digest.of(b"new"), 3)

    assert await metadata.blob_size(A, BLOB) is None
    assert await metadata.tags(A, "", 10) == []


async def test_writes_that_arrive_together_all_hold_and_refusals_hurt_no_other(metadata):
    await metadata.link_blob(A, BLOB, 6)
    lonely = RepositoryName.parse("team/lonely")
    writes = [
        put(metadata, lonely if i % 3 == 0 else A, image(str(i)), Tag(f"t{i}")) for i in range(60)
    ]

    results = await asyncio.gather(*writes, return_exceptions=True)

    refused = [isinstance(result, ManifestIncomplete) for result in results]
    assert refused == [i % 3 == 0 for i in range(60)]
    assert len(await metadata.tags(A, "", 100)) == 40
    assert not await metadata.exists(lonely)


async def test_a_cancelled_write_is_seen_by_every_later_read(metadata):
    await metadata.link_blob(A, BLOB, 6)
    assert await metadata.blob_size(A, BLOB) == 6
    task = asyncio.create_task(metadata.unlink_blob(A, BLOB))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    await metadata.link_blob(B, BLOB, 6)  # behind it in the queue

    assert await metadata.blob_size(A, BLOB) is None
