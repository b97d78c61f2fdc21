import hashlib

import pytest

from wharfinger.oci.digest import Digest
from wharfinger.registry.errors import BlobUnknown
from wharfinger.registry.stores.memory import MemoryBlobStore
from wharfinger.server.measured import MeasuredBlobStore
from wharfinger.server.metrics import Metrics

CONTENT = b"content"
DIGEST = Digest.parse("sha256:" + hashlib.sha256(CONTENT).hexdigest())


async def parts():
    yield CONTENT


def count(metrics, action):
    return metrics.registry.get_sample_value(
        "registry_storage_action_seconds_count", {"driver": "memory", "action": action}
    )


async def test_an_upload_is_timed_step_by_step_and_stored_as_it_came():
    metrics = Metrics()
    store = MeasuredBlobStore(MemoryBlobStore(), metrics, "memory")

    await store.begin("a")
    await store.append("a", parts())
    assert await store.received("a") == len(CONTENT)
    assert await store.commit("a", DIGEST) == len(CONTENT)

    assert await store.size(DIGEST) == len(CONTENT)
    assert b"".join([part async for part in store.read(DIGEST, 0, 7)]) == CONTENT
    for action in ("begin", "append", "received", "commit", "size"):
        assert count(metrics, action) == 1


async def test_what_fails_is_timed_and_fails_all_the_same():
    metrics = Metrics()
    store = MeasuredBlobStore(MemoryBlobStore(), metrics, "memory")

    with pytest.raises(BlobUnknown):
        await store.size(DIGEST)

    assert count(metrics, "size") == 1
