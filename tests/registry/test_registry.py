import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.registry.errors import (
    BlobUnknown,
    ManifestUnknown,
    RepositoryUnknown,
    TooManyManifests,
    UploadUnknown,
)
from wharfinger.registry.registry import Registry
from wharfinger.registry.stores.memory import MemoryBlobStore, MemoryMetadataStore
from wharfinger.registry.uploads import STALE

NAME = RepositoryName.parse("team/app")
OTHER = RepositoryName.parse("other/app")
DIGEST = Digest.of(b"data")


def registry(now=lambda: datetime.now(UTC)):
    return Registry(blobs=MemoryBlobStore(), metadata=MemoryMetadataStore(), now=now)


async def test_starting_drops_the_uploads_of_more_than_a_week_ago():
    clock = datetime.now(UTC)
    subject = registry(lambda: clock)
    upload = await subject.uploads.begin(NAME)

    assert await subject.start() == 0
    clock += STALE + timedelta(minutes=1)
    assert await subject.start() == 1

    with pytest.raises(UploadUnknown):
        await subject.uploads.received(NAME, upload)


async def test_ids_of_uploads_cannot_be_guessed():
    subject = registry()

    ids = {await subject.uploads.begin(NAME) for _ in range(100)}

    assert len(ids) == 100
    assert all(len(bytes.fromhex(each)) == 16 for each in ids)


async def test_a_transient_upload_that_failed_is_gone():
    subject = registry()

    with pytest.raises(ValueError, match="x"):
        async with subject.uploads.transient(NAME) as upload:
            raise ValueError("x")

    with pytest.raises(UploadUnknown):
        await subject.uploads.received(NAME, upload)


async def test_a_deleted_project_loses_its_repositories_and_nobody_elses_blobs():
    subject = registry()
    for name in (NAME, OTHER):
        await subject.put_blob(name, DIGEST, b"data")

    await subject.delete_project("team")

    with pytest.raises(RepositoryUnknown):
        await subject.blob(NAME, DIGEST)
    assert (await subject.blob(OTHER, DIGEST)).size == 4
    assert await subject.repositories("", 10) == [OTHER]


async def test_a_project_is_deleted_after_the_pushes_that_were_permitted_before():
    subject = registry()

    with subject.writing("team"):
        deletion = asyncio.create_task(subject.delete_project("team"))
        await asyncio.sleep(0)
        await subject.put_blob(NAME, DIGEST, b"data")
    await deletion

    assert not await subject.exists(NAME)


async def test_a_deleted_repository_is_unknown():
    subject = registry()
    await subject.put_blob(NAME, DIGEST, b"data")

    await subject.delete_repository(NAME)

    with pytest.raises(RepositoryUnknown):
        await subject.delete_repository(NAME)
    with pytest.raises(RepositoryUnknown):
        await subject.tags(NAME, "", 10)


async def test_nothing_is_mounted_from_where_it_is_not():
    subject = registry()
    await subject.put_blob(OTHER, DIGEST, b"data")

    assert not await subject.mount_blob(NAME, Digest.of(b"x"), OTHER)
    assert not await subject.mount_blob(NAME, DIGEST, RepositoryName.parse("no/body"))
    assert not await subject.exists(NAME)
    assert await subject.mount_blob(NAME, DIGEST, OTHER)


async def test_what_is_unknown_in_a_repository_is_told_apart_from_an_unknown_repository():
    subject = registry()
    await subject.put_blob(OTHER, DIGEST, b"data")

    with pytest.raises(RepositoryUnknown):
        await subject.delete_blob(NAME, DIGEST)
    with pytest.raises(BlobUnknown):
        await subject.delete_blob(OTHER, Digest.of(b"x"))


def image(note=""):
    config = {"mediaType": "x/config", "digest": str(DIGEST), "size": 4}
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_IMAGE,
        "config": config,
        "layers": [],
        "annotations": {"note": note},
    }
    return json.dumps(document).encode()


def index(*children, note=""):
    entries = [
        {"mediaType": media_types.OCI_IMAGE, "digest": str(child), "size": 1} for child in children
    ]
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_INDEX,
        "manifests": entries,
        "annotations": {"note": note},
    }
    return json.dumps(document).encode()


async def push(subject, raw, reference=None):
    pushed = await subject.put_manifest(NAME, reference or Digest.of(raw), raw, None)
    return pushed.digest


async def test_an_image_is_linked_with_all_that_it_names():
    subject = registry()
    await subject.put_blob(NAME, DIGEST, b"data")
    one, two = [await push(subject, image(note)) for note in "12"]
    inner = await push(subject, index(one))
    outer = await push(subject, index(one, inner, two))

    await subject.link_image(OTHER, outer, NAME, Tag("new"))

    assert (await subject.manifest(OTHER, Tag("new"))).digest == outer
    for digest in (one, two, inner):
        assert (await subject.manifest(OTHER, digest)).digest == digest
    assert (await subject.blob(OTHER, DIGEST)).size == 4
    assert await subject.tags(OTHER, "", 10) == [Tag("new")]


async def test_an_image_that_lacks_a_part_by_now_is_not_linked():
    subject = registry()
    await subject.put_blob(NAME, DIGEST, b"data")
    one = await push(subject, image())
    outer = await push(subject, index(one))
    await subject.delete_manifest(NAME, one)

    with pytest.raises(ManifestUnknown):
        await subject.link_image(OTHER, outer, NAME)

    assert not await subject.exists(OTHER)


async def test_an_image_of_endless_indexes_is_not_linked(monkeypatch):
    monkeypatch.setattr("wharfinger.registry.registry.MOST_LINKED", 3)
    subject = registry()
    await subject.put_blob(NAME, DIGEST, b"data")
    digest = await push(subject, image())
    for note in "123":
        digest = await push(subject, index(digest, note=note))

    with pytest.raises(TooManyManifests):
        await subject.link_image(OTHER, digest, NAME)
