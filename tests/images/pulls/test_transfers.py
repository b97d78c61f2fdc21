import asyncio

import pytest

from wharfinger.images.pulls import transfers
from wharfinger.images.pulls.transfers import Transfer
from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import Descriptor
from wharfinger.oci.names import RepositoryName
from wharfinger.registry.errors import BlobUnknown, DigestMismatch, RepositoryUnknown
from wharfinger.registry.registry import Registry
from wharfinger.registry.stores.memory import MemoryBlobStore, MemoryMetadataStore
from wharfinger.remote.errors import NoAnswer

NAME = RepositoryName.parse("team/app")


class Upstream:
    """A blob that comes when the test says so."""

    def __init__(self, data, digest=None):
        self.data = data
        self.registry = Registry(blobs=MemoryBlobStore(), metadata=MemoryMetadataStore())
        blob = Descriptor("a/b", digest or Digest.of(data), len(data))
        self.seconds = 0.0
        self.transfer = Transfer(self.registry, NAME, blob, clock=lambda: self.seconds)
        self.coming = asyncio.Queue()
        self.active = True

    async def parts(self):
        while (part := await self.coming.get()) is not None:
            if isinstance(part, Exception):
                raise part
            yield part

    def start(self):
        work = self.transfer.run(self.parts(), active=lambda _: self.active)
        self.task = asyncio.create_task(work)

    def send(self, *parts):
        for part in parts:
            self.coming.put_nowait(part)

    def read(self, start=0, stop=None):
        """A task that reads, and the parts that it has read so far."""
        seen = []

        async def reading():
            stop_at = len(self.data) if stop is None else stop
            async for part in self.transfer.read(start, stop_at):
                seen[len(seen) :] = [part]
            return b"".join(seen)

        return asyncio.create_task(reading()), seen


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


async def test_those_who_read_along_have_the_bytes_while_they_come():
    upstream = Upstream(b"abcdef")
    upstream.start()
    first, seen = upstream.read()
    upstream.send(b"abc")
    await settle()
    late, late_seen = upstream.read()
    await settle()

    assert seen == late_seen == [b"abc"]
    upstream.send(b"def", None)
    assert await first == await late == b"abcdef"
    await upstream.task
    assert (await upstream.registry.blob(NAME, upstream.transfer.blob.digest)).size == 6


async def test_the_last_byte_waits_until_the_digest_is_verified():
    upstream = Upstream(b"abcdef", Digest.of(b"something else"))
    upstream.start()
    reading, seen = upstream.read()
    upstream.send(b"abcdef")
    await settle()

    assert seen == [b"abcde"]
    upstream.send(None)
    with pytest.raises(DigestMismatch):
        await reading
    with pytest.raises(DigestMismatch):
        await upstream.task
    with pytest.raises(RepositoryUnknown):
        await upstream.registry.blob(NAME, upstream.transfer.blob.digest)


async def test_a_reader_who_goes_away_does_not_end_it():
    upstream = Upstream(b"abcdef")
    upstream.start()
    reading, _ = upstream.read()
    upstream.send(b"abc")
    await settle()
    reading.cancel()
    upstream.send(b"def", None)
    await upstream.task

    assert (await upstream.registry.blob(NAME, upstream.transfer.blob.digest)).size == 6


async def test_who_is_slower_than_the_window_reads_on_from_the_store(monkeypatch):
    monkeypatch.setattr(transfers, "WINDOW", 4)
    upstream = Upstream(b"abcdefghij")
    upstream.start()
    parts = upstream.transfer.read(0, 10)
    upstream.send(b"ab")
    await settle()
    got = [await anext(parts)]
    upstream.send(b"cd", b"ef", b"gh", b"ij")
    await settle()
    upstream.send(None)

    assert b"".join([*got, *[part async for part in parts]]) == b"abcdefghij"
    await upstream.task


async def test_a_range_is_read_along_too():
    upstream = Upstream(b"abcdef")
    upstream.start()
    reading, _ = upstream.read(1, 3)
    upstream.send(b"ab", b"cd")

    assert await reading == b"bc"
    upstream.send(b"ef", None)
    await upstream.task


async def test_what_breaks_off_is_told_and_leaves_nothing():
    upstream = Upstream(b"abcdef")
    upstream.start()
    reading, _ = upstream.read()
    upstream.send(b"abc", NoAnswer("hub.test", "the connection broke"))

    for ended in (reading, upstream.task):
        with pytest.raises(NoAnswer):
            await ended
    with pytest.raises(NoAnswer):
        await upstream.read()[0]
    with pytest.raises(RepositoryUnknown):
        await upstream.registry.blob(NAME, upstream.transfer.blob.digest)


async def test_its_beginning_can_be_waited_for():
    upstream = Upstream(b"abcdef")
    upstream.start()
    begun = asyncio.create_task(upstream.transfer.begun())
    await settle()
    assert not begun.done()

    upstream.send(b"a")
    await begun

    failing = Upstream(b"abc")
    failing.start()
    failing.send(NoAnswer("hub.test", "no connection"))
    with pytest.raises(NoAnswer):
        await failing.transfer.begun()
    with pytest.raises(NoAnswer):
        await failing.task


async def test_one_that_drips_is_given_up(monkeypatch):
    monkeypatch.setattr(transfers, "LEAST", 3)
    upstream = Upstream(b"abcdefgh")
    upstream.start()
    for part in (b"a", b"bcd", b"e", b"f"):
        upstream.send(part)
        await settle()
        upstream.seconds += 50

    upstream.send(b"g")
    with pytest.raises(transfers.TooSlow):
        await upstream.task
    with pytest.raises(transfers.TooSlow):
        await upstream.transfer.ended()


async def test_nothing_is_kept_for_a_project_that_is_gone():
    upstream = Upstream(b"abc")
    upstream.start()
    upstream.active = False
    upstream.send(b"abc", None)

    with pytest.raises(RepositoryUnknown):
        await upstream.task


async def test_a_transfer_that_is_stopped_leaves_nobody_waiting():
    upstream = Upstream(b"abc")
    upstream.start()
    reading, _ = upstream.read()
    await settle()
    upstream.task.cancel()

    with pytest.raises(BlobUnknown):
        await reading
    with pytest.raises(asyncio.CancelledError):
        await upstream.task


async def test_an_empty_blob_needs_no_bytes():
    upstream = Upstream(b"")
    upstream.start()
    upstream.send(None)
    await upstream.task
    await upstream.transfer.begun()

    assert await upstream.read()[0] == b""
