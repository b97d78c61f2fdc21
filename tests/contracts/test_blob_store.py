"""What every `BlobStore` does."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from wharfinger.oci.digest import Digest
from wharfinger.registry.errors import (
    BlobUnknown,
    DigestMismatch,
    OffsetMismatch,
    SizeMismatch,
    UploadBusy,
    UploadInterrupted,
    UploadUnknown,
)
from wharfinger.registry.stores.disk import DiskBlobStore
from wharfinger.registry.stores.memory import MemoryBlobStore

STORES = {
    "memory": lambda _: MemoryBlobStore(),
    "disk": lambda directory: DiskBlobStore(directory / "registry"),
}

DATA = b"a layer"
DIGEST = Digest.of(DATA)
UPLOAD = "0123456789abcdef-0123"


@pytest.fixture(params=STORES)
async def blobs(request, tmp_path):
    store = STORES[request.param](tmp_path)
    yield store
    await store.close()


async def chunks(*parts):
    for part in parts:
        yield part


async def broken(*parts):
    for part in parts:
        yield part
    raise UploadInterrupted


async def content(blobs, digest, start=0, stop=None):
    stop = await blobs.size(digest) if stop is None else stop
    return b"".join([part async for part in blobs.read(digest, start, stop)])


async def test_a_blob_put_is_read_back(blobs):
    await blobs.put(DIGEST, DATA)

    assert await blobs.size(DIGEST) == len(DATA)
    assert await content(blobs, DIGEST) == DATA
    assert await content(blobs, DIGEST, 2, 5) == DATA[2:5]


async def test_a_blob_may_be_put_twice(blobs):
    await blobs.put(DIGEST, DATA)
    await blobs.put(DIGEST, DATA)

    assert await content(blobs, DIGEST) == DATA


async def test_the_empty_blob_is_a_blob(blobs):
    await blobs.put(Digest.of(b""), b"")

    assert await content(blobs, Digest.of(b"")) == b""


async def test_a_sendable_file_holds_the_very_blob(blobs):
    await blobs.put(DIGEST, DATA)
    path = blobs.file(DIGEST)

    assert path is None or path.read_bytes() == DATA


async def test_an_absent_blob_is_unknown(blobs):
    with pytest.raises(BlobUnknown):
        await blobs.size(DIGEST)
    with pytest.raises(BlobUnknown):
        await content(blobs, DIGEST, 0, 1)


async def test_a_blob_put_under_a_digest_not_its_own_is_refused(blobs):
    with pytest.raises(DigestMismatch):
        await blobs.put(DIGEST, b"other")
    with pytest.raises(BlobUnknown):
        await blobs.size(DIGEST)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_an_upload_in_pieces_becomes_a_blob(blobs, algorithm):
    digest = Digest.of(DATA, algorithm)
    await blobs.begin(UPLOAD)

    assert await blobs.append(UPLOAD, chunks(DATA[:3]), offset=0, length=3) == 3
    assert await blobs.received(UPLOAD) == 3
    assert await blobs.append(UPLOAD, chunks(DATA[3:4], DATA[4:])) == len(DATA)
    assert await blobs.commit(UPLOAD, digest) == len(DATA)

    assert await content(blobs, digest) == DATA
    with pytest.raises(UploadUnknown):
        await blobs.received(UPLOAD)


async def test_an_upload_of_many_parts_becomes_a_blob(blobs):
    pieces = [bytes([i]) * 300_001 for i in range(17)]
    digest = Digest.of(b"".join(pieces))
    await blobs.begin(UPLOAD)

    await blobs.append(UPLOAD, chunks(*pieces[:9]))
    await blobs.append(UPLOAD, chunks(*pieces[9:]))
    await blobs.commit(UPLOAD, digest)

    assert await content(blobs, digest) == b"".join(pieces)


async def test_an_upload_of_a_blob_that_is_here_already_is_fine(blobs):
    await blobs.put(DIGEST, DATA)
    await blobs.begin(UPLOAD)
    await blobs.append(UPLOAD, chunks(DATA))

    assert await blobs.commit(UPLOAD, DIGEST) == len(DATA)
    assert await content(blobs, DIGEST) == DATA


async def test_an_upload_with_the_wrong_digest_leaves_nothing(blobs):
    await blobs.begin(UPLOAD)
    await blobs.append(UPLOAD, chunks(b"other"))

    with pytest.raises(DigestMismatch):
        await blobs.commit(UPLOAD, DIGEST)

    with pytest.raises(BlobUnknown):
        await blobs.size(DIGEST)
    with pytest.raises(BlobUnknown):
        await blobs.size(Digest.of(b"other"))
    with pytest.raises(UploadUnknown):
        await blobs.received(UPLOAD)


async def test_a_chunk_at_another_offset_changes_nothing(blobs):
    await blobs.begin(UPLOAD)
    await blobs.append(UPLOAD, chunks(DATA[:3]))

    with pytest.raises(OffsetMismatch) as refused:
        await blobs.append(UPLOAD, chunks(b"zzz"), offset=2)

    assert refused.value.received == 3
    await blobs.append(UPLOAD, chunks(DATA[3:]), offset=3)
    await blobs.commit(UPLOAD, DIGEST)


@pytest.mark.parametrize("wrong", [b"", b"z", b"zzzz", b"z" * 3_000_000])
async def test_a_chunk_of_another_length_changes_nothing(blobs, wrong):
    await blobs.begin(UPLOAD)
    await blobs.append(UPLOAD, chunks(DATA[:3]))

    with pytest.raises(SizeMismatch):
        await blobs.append(UPLOAD, chunks(wrong), length=3)

    assert await blobs.received(UPLOAD) == 3
    await blobs.append(UPLOAD, chunks(DATA[3:]))
    await blobs.commit(UPLOAD, DIGEST)


@pytest.mark.parametrize("size", [3, 2_500_000])
async def test_what_came_before_a_broken_connection_is_kept(blobs, size):
    data = b"x" * size + b"rest"
    await blobs.begin(UPLOAD)

    with pytest.raises(UploadInterrupted):
        await blobs.append(UPLOAD, broken(data[: size // 2], data[size // 2 : size]))

    assert await blobs.received(UPLOAD) == size
    await blobs.append(UPLOAD, chunks(b"rest"), offset=size)
    await blobs.commit(UPLOAD, Digest.of(data))


async def test_two_writers_on_one_upload_do_not_mix(blobs):
    entered, go = asyncio.Event(), asyncio.Event()

    async def slow():
        yield DATA[:3]
        entered.set()
        await go.wait()
        yield DATA[3:]

    await blobs.begin(UPLOAD)
    first = asyncio.create_task(blobs.append(UPLOAD, slow()))
    await entered.wait()

    with pytest.raises(UploadBusy):
        await blobs.append(UPLOAD, chunks(b"zzz"))
    with pytest.raises(UploadBusy):
        await blobs.commit(UPLOAD, DIGEST)
    with pytest.raises(UploadBusy):
        await blobs.discard(UPLOAD)

    go.set()
    assert await first == len(DATA)
    await blobs.commit(UPLOAD, DIGEST)


async def test_a_cancelled_writer_leaves_an_upload_that_goes_on(blobs):
    entered = asyncio.Event()

    async def endless():
        yield DATA[:3]
        entered.set()
        await asyncio.Event().wait()

    await blobs.begin(UPLOAD)
    task = asyncio.create_task(blobs.append(UPLOAD, endless()))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    received = await blobs.received(UPLOAD)
    await blobs.append(UPLOAD, chunks(DATA[received:]), offset=received)
    await blobs.commit(UPLOAD, DIGEST)


async def test_a_discarded_upload_is_gone(blobs):
    await blobs.begin(UPLOAD)
    await blobs.discard(UPLOAD)

    with pytest.raises(UploadUnknown):
        await blobs.received(UPLOAD)


async def test_an_upload_that_was_never_begun_is_unknown(blobs):
    with pytest.raises(UploadUnknown):
        await blobs.received(UPLOAD)
    with pytest.raises(UploadUnknown):
        await blobs.append(UPLOAD, chunks(DATA))
    with pytest.raises(UploadUnknown):
        await blobs.commit(UPLOAD, DIGEST)
    with pytest.raises(UploadUnknown):
        await blobs.discard(UPLOAD)


async def test_only_stale_uploads_are_purged(blobs):
    await blobs.begin(UPLOAD)

    assert await blobs.purge(datetime.now(UTC) - timedelta(days=7)) == 0
    assert await blobs.received(UPLOAD) == 0
    assert await blobs.purge(datetime.now(UTC) + timedelta(days=7)) == 1
    with pytest.raises(UploadUnknown):
        await blobs.received(UPLOAD)


async def test_one_blob_pushed_by_many_at_once_is_one_blob(blobs):
    uploads = [f"{UPLOAD}-{i}" for i in range(8)]
    for upload in uploads:
        await blobs.begin(upload)
        await blobs.append(upload, chunks(DATA))

    await asyncio.gather(*(blobs.commit(upload, DIGEST) for upload in uploads))

    assert await content(blobs, DIGEST) == DATA
