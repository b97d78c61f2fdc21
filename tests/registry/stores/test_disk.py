import os
import resource
import stat
from contextlib import contextmanager

import pytest

from wharfinger.oci.digest import Digest
from wharfinger.registry.errors import BlobUnknown, NoRoom, UnsafeFile, UploadUnknown
from wharfinger.registry.stores.disk import DiskBlobStore

DATA = b"a layer"
DIGEST = Digest.of(DATA)
UPLOAD = "0123456789abcdef-0123"


@pytest.fixture
async def blobs(tmp_path):
    store = DiskBlobStore(tmp_path / "registry")
    yield store
    await store.close()


@pytest.fixture
def root(tmp_path):
    return tmp_path / "registry"


async def chunks(*parts):
    for part in parts:
        yield part


@contextmanager
def no_room_above(size):
    """The kernel refuses to let any file of ours grow further, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def files(root):
    return sorted(path for path in root.rglob("*") if not path.is_dir())


async def test_only_the_owner_may_see_anything(blobs, root):
    await blobs.put(DIGEST, DATA)
    await blobs.begin(UPLOAD)

    for path in (root, *root.rglob("*")):
        assert stat.S_IMODE(path.lstat().st_mode) == (0o700 if path.is_dir() else 0o600)


async def test_a_blob_lies_under_its_digest(blobs, root):
    await blobs.put(DIGEST, DATA)

    assert files(root) == [root / "blobs/sha256" / DIGEST.hex[:2] / DIGEST.hex]


@pytest.mark.parametrize("size", [5_000, 3_000_000])
async def test_a_full_disk_takes_the_upload_with_it(blobs, root, size):
    await blobs.put(DIGEST, DATA)
    await blobs.begin(UPLOAD)

    with no_room_above(4096), pytest.raises(NoRoom):
        await blobs.append(UPLOAD, chunks(*[bytes(1000)] * (size // 1000)))

    with pytest.raises(UploadUnknown):
        await blobs.received(UPLOAD)
    assert [path.name for path in files(root)] == [DIGEST.hex]


async def test_a_full_disk_leaves_nothing_of_a_blob_put_at_once(blobs, root):
    data = bytes(10_000)

    with no_room_above(4096), pytest.raises(NoRoom):
        await blobs.put(Digest.of(data), data)

    assert files(root) == []
    await blobs.put(Digest.of(data), data)


async def test_a_restart_in_the_middle_of_an_upload_loses_nothing(blobs, root):
    await blobs.begin(UPLOAD)
    await blobs.append(UPLOAD, chunks(DATA[:3]))

    again = DiskBlobStore(root)
    assert await again.append(UPLOAD, chunks(DATA[3:]), offset=3) == len(DATA)
    assert await again.commit(UPLOAD, DIGEST) == len(DATA)
    await again.close()

    assert await blobs.size(DIGEST) == len(DATA)


async def test_an_upload_that_changed_behind_our_back_is_verified_as_it_is(blobs, root):
    await blobs.begin(UPLOAD)
    await blobs.append(UPLOAD, chunks(DATA))
    with (root / "uploads" / UPLOAD).open("ab") as file:
        file.write(b"more")

    await blobs.commit(UPLOAD, Digest.of(DATA + b"more"))

    assert await blobs.size(Digest.of(DATA + b"more")) == len(DATA) + 4


@pytest.mark.parametrize("plant", ["link", "pipe"])
async def test_what_was_planted_in_place_of_a_blob_is_not_read(blobs, root, tmp_path, plant):
    secret = tmp_path / "secret"
    secret.write_bytes(DATA)
    await blobs.put(DIGEST, DATA)
    path = blobs.file(DIGEST)
    path.unlink()
    if plant == "link":
        path.symlink_to(secret)
    else:
        os.mkfifo(path)

    with pytest.raises(BlobUnknown):
        await blobs.size(DIGEST)
    with pytest.raises(UnsafeFile):
        async for _ in blobs.read(DIGEST, 0, 1):
            pass

    await blobs.put(DIGEST, DATA)
    assert path.is_file()
    assert not path.is_symlink()
    assert secret.read_bytes() == DATA


async def test_what_was_planted_in_place_of_an_upload_is_not_written(blobs, root, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (root / "uploads" / UPLOAD).symlink_to(secret)

    with pytest.raises(UploadUnknown):
        await blobs.received(UPLOAD)
    with pytest.raises(UnsafeFile):
        await blobs.append(UPLOAD, chunks(DATA))
    with pytest.raises(UnsafeFile):
        await blobs.commit(UPLOAD, Digest.of(b"secret"))
    with pytest.raises(FileExistsError):
        await blobs.begin(UPLOAD)

    assert secret.read_bytes() == b"secret"


async def test_a_directory_that_is_a_link_is_refused(blobs, root, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "blobs/sha256").mkdir()
    (root / "blobs/sha256" / DIGEST.hex[:2]).symlink_to(elsewhere)

    with pytest.raises(UnsafeFile):
        await blobs.put(DIGEST, DATA)

    assert files(elsewhere) == []


async def test_a_root_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "registry").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(UnsafeFile):
        DiskBlobStore(tmp_path / "registry")


async def test_a_blob_that_was_cut_off_is_replaced_by_the_next_push(blobs):
    await blobs.put(DIGEST, DATA)
    os.truncate(blobs.file(DIGEST), 3)

    await blobs.put(DIGEST, DATA)

    assert blobs.file(DIGEST).read_bytes() == DATA
