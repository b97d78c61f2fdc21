"""
Scheduled imports: a stream with 1,000 tags of one repository in docker-registry, none of which has moved.

The registry is another process on loopback, without TLS; the importer is the server's own, over stores in
memory. A round is what the clock sets off: a HEAD for each tag, and no write, or there is no figure.
"""

from __future__ import annotations

import asyncio
import time
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from bench import report
from bench.report import OURS, Measure
from e2e import images
from e2e.docker_registry import DockerRegistry
from e2e.registry_api import RegistryApi
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.kinds.core import NAMESPACE
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import SYSTEM
from wharfinger.images.importing import due
from wharfinger.images.importing.background import Background
from wharfinger.images.importing.importer import Importer
from wharfinger.images.importing.trust import Bundle, Bundles
from wharfinger.images.streams.streams import Streams
from wharfinger.policy import import_list
from wharfinger.policy.import_policy import ImportPolicy
from wharfinger.registry.registry import Registry
from wharfinger.registry.stores.memory import MemoryBlobStore, MemoryMetadataStore
from wharfinger.remote.reach import Reach
from wharfinger.server.imports import opening_within

ROUND: Final = Measure("1,000 scheduled tags, none of which has moved", "s", "lower")
GOALS: Final = {ROUND: "< 10"}
TAGS: Final = 1000
_INTERVAL: Final = 900


def measure(folder: Path, rounds: int) -> str:
    """The table of figures, the first round left out."""
    registry = DockerRegistry(folder / "imported")
    try:
        samples = asyncio.run(_measure(registry.host, rounds))
    finally:
        registry.stop()
    return report.figures({ROUND: samples}, GOALS)


async def _measure(host: str, rounds: int) -> list[float]:
    await _fill(host)
    seconds = 0.0
    cache = await Cache.open(MemoryStore())
    importer, policy = await _importer(cache, host)
    background = Background(cache, importer, policy, clock=lambda: seconds)
    await background.settle()
    (stream,) = cache.list(IMAGE_STREAM.resource)
    assert len(due.arrivals(stream)) == TAGS
    samples: list[float] = []
    for number in range(rounds + 1):
        before = cache.revision
        seconds += _INTERVAL
        start = time.perf_counter()
        await background.settle()
        taken = time.perf_counter() - start
        assert cache.revision == before, "nothing is written when nothing has moved"
        report.tell(number, OURS, ROUND, taken)
        if number > 0:
            samples.append(taken)
    await cache.close()
    return samples


async def _importer(cache: Cache, host: str) -> tuple[Importer, ImportPolicy]:
    allowed = import_list.read([{"domainName": host, "insecure": True}])
    policy = ImportPolicy(internal="registry.test:5000", allowed=allowed, interval=_INTERVAL)
    objects = Objects(cache)
    await objects.create(NAMESPACE, "", {"metadata": {"name": "bench"}}, SYSTEM)
    registry = Registry(blobs=MemoryBlobStore(), metadata=MemoryMetadataStore())
    importer = Importer(
        cache,
        Streams(objects, registry, policy=policy),
        policy=policy,
        bundles=Bundles(cache, Bundle()),
        opening=opening_within(Reach.outside([ip_network("127.0.0.0/8")]), policy),
    )
    tags = [
        {
            "name": f"t{number}",
            "from": {"kind": "DockerImage", "name": f"{host}/bench/app:t{number}"},
            "importPolicy": {"scheduled": True, "insecure": True},
            "generation": 1,
        }
        for number in range(TAGS)
    ]
    stream = {"metadata": {"name": "app"}, "spec": {"tags": tags}}
    await objects.create(IMAGE_STREAM, "bench", stream, SYSTEM)
    return importer, policy


async def _fill(host: str) -> None:
    """Push one image under all tags."""
    manifest, blobs = images.random_image(limit=4096)
    async with RegistryApi.connect(f"http://{host}", "none") as registry:
        for digest, content in blobs.items():
            assert await registry.put_blob("bench/app", digest, content) == 201
        for number in range(TAGS):
            assert await registry.put_manifest("bench/app", f"t{number}", manifest) == 201
