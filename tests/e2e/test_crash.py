"""
Kill the server at random points under concurrent writers, again and again, and count the losses.

Each writer owns its names, so what may be seen after a crash is known exactly: what was last
acknowledged, or what was asked for since and not answered, and that either whole or not at all.
`WHARF_CRASHES` sets the number of kills.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from e2e import images
from e2e.registry_api import RegistryApi
from e2e.wharf import Wharf

pytestmark = pytest.mark.e2e

KILLS = int(os.environ.get("WHARF_CRASHES", "60"))
WRITERS = 4
PROJECT = "harbour"
CUT_OFF = (aiohttp.ClientError, ConnectionError, TimeoutError)


@dataclass(slots=True)
class Tag:
    """What a tag may be seen to be: a digest, or None for absent."""

    acknowledged: str | None = None
    unanswered: list[str | None] = field(default_factory=list)

    def allows(self, seen: str | None) -> bool:
        return seen == self.acknowledged or seen in self.unanswered

    def settle(self, seen: str | None) -> None:
        """What a restarted server has shown has to stay."""
        self.acknowledged = seen
        self.unanswered.clear()


@dataclass(slots=True)
class Writer:
    """Pushes, re-tags, mounts and deletes in repositories of its own; remembers every answer."""

    name: str
    dice: random.Random
    tags: dict[tuple[str, str], Tag] = field(default_factory=dict)
    manifests: set[tuple[str, str]] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)
    touched: set[tuple[str, str]] = field(default_factory=set)
    uploaded: set[tuple[str, str]] = field(default_factory=set)
    serial: int = 0

    @property
    def repository(self) -> str:
        return f"{PROJECT}/{self.name}"

    @property
    def copies(self) -> str:
        return f"{PROJECT}/{self.name}/copies"

    async def work(self, registry: RegistryApi) -> None:
        """Write until the server is gone."""
        acts = (self.push_new, self.push_new, self.move_latest, self.mount, self.delete, self.note)
        try:
            while True:
                await self.dice.choice(acts)(registry)
        except CUT_OFF:
            return

    async def push_new(self, registry: RegistryApi) -> None:
        self.serial += 1
        await self._push(registry, self.repository, f"v{self.serial}")

    async def move_latest(self, registry: RegistryApi) -> None:
        await self._push(registry, self.repository, "latest")

    async def mount(self, registry: RegistryApi) -> None:
        """Push an image twice, the second time with its blobs mounted from the first."""
        self.serial += 1
        tag = f"v{self.serial}"
        manifest, blobs = await self._push(registry, self.repository, tag)
        for digest in blobs:
            assert await registry.mount(self.copies, digest, self.repository) == 201
        await self._tag(registry, self.copies, tag, manifest)

    async def delete(self, registry: RegistryApi) -> None:
        present = [at for at, tag in self.tags.items() if tag.acknowledged and not tag.unanswered]
        if not present:
            return
        repository, name = at = self.dice.choice(present)
        self.touched.add(at)
        self.tags[at].unanswered.append(None)
        assert await registry.delete_tag(repository, name) == 202
        self.tags[at].settle(None)

    async def note(self, registry: RegistryApi) -> None:
        """Write to the other store of the server."""
        self.serial += 1
        name = f"{self.name}-{self.serial}"
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
        path = f"/api/v1/namespaces/{PROJECT}/configmaps"
        assert await registry.create(path, body) == 201
        self.objects.add(name)

    async def _push(
        self, registry: RegistryApi, repository: str, tag: str
    ) -> tuple[bytes, dict[str, bytes]]:
        manifest, blobs = images.random_image(limit=32 * 1024)
        for digest, content in blobs.items():
            self.uploaded.add((repository, digest))
            if self.dice.random() < 0.3:
                size = 1 + len(content) // 3
                status = await registry.put_blob_in_chunks(repository, digest, content, size)
            else:
                status = await registry.put_blob(repository, digest, content)
            assert status == 201
        await self._tag(registry, repository, tag, manifest)
        return manifest, blobs

    async def _tag(
        self, registry: RegistryApi, repository: str, name: str, manifest: bytes
    ) -> None:
        digest = images.digest_of(manifest)
        tag = self.tags.setdefault((repository, name), Tag())
        self.touched.add((repository, name))
        tag.unanswered.append(digest)
        assert await registry.put_manifest(repository, name, manifest) == 201
        tag.settle(digest)
        self.manifests.add((repository, digest))

    async def inspect(self, registry: RegistryApi) -> None:
        """Compare everything visible with what may be visible; pull whole what was touched."""
        for repository in (self.repository, self.copies):
            seen = set(await registry.tags(repository))
            known = {name: tag for (at, name), tag in self.tags.items() if at == repository}
            assert seen <= known.keys()
            for name in known.keys() - seen:
                assert known[name].allows(None), f"{repository}:{name} was acknowledged and is gone"
                known[name].settle(None)
            for name in seen:
                if (repository, name) in self.touched:
                    digest = await registry.assert_whole(repository, name)
                    assert known[name].allows(digest), f"{repository}:{name} is at a stray image"
                    known[name].settle(digest)
                assert known[name].acknowledged is not None
        for repository, digest in self.uploaded:
            await registry.blob(repository, digest)  # absent or, as this asserts, whole
        self.uploaded.clear()
        self.touched.clear()

    async def inspect_all(self, registry: RegistryApi) -> None:
        """Pull every image that was ever acknowledged, by digest and where it has one by tag."""
        self.touched.update(self.tags)
        await self.inspect(registry)
        for repository, digest in self.manifests:
            assert await registry.assert_whole(repository, digest) == digest
        for name in self.objects:
            assert await registry.holds(f"/api/v1/namespaces/{PROJECT}/configmaps/{name}")


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Wharf]:
    wharf = Wharf(tmp_path / "state", tls=False)
    wharf.start()
    yield wharf
    wharf.stop()
    shutil.rmtree(tmp_path / "state")


async def test_no_acknowledged_push_is_lost_and_no_partial_one_is_seen(plain: Wharf) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}, {KILLS} kills")
    dice = random.Random(seed)
    writers = [Writer(f"writer{n}", random.Random(dice.random())) for n in range(WRITERS)]
    token = plain.admin_token()
    async with RegistryApi.connect(plain.url, token) as registry:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PROJECT}}
        assert await registry.create("/api/v1/namespaces", namespace) == 201

    for _ in range(KILLS):
        async with RegistryApi.connect(plain.url, token) as registry:
            await crash(plain, dice, [writer.work(registry) for writer in writers])
        if dice.random() < 0.1:
            plain.launch()
            await asyncio.sleep(dice.uniform(0, 1))
            plain.kill()
        plain.start()
        async with RegistryApi.connect(plain.url, token) as registry:
            await asyncio.gather(*(writer.inspect(registry) for writer in writers))

    async with RegistryApi.connect(plain.url, token) as registry:
        await asyncio.gather(*(writer.inspect_all(registry) for writer in writers))
    images_kept = sum(len(writer.manifests) for writer in writers)
    print(f"{images_kept} acknowledged images, all whole")
    assert images_kept > KILLS


async def crash(
    wharf: Wharf, dice: random.Random, works: list[Coroutine[None, None, None]]
) -> None:
    """Let the writers write for a random while, and take the server away under them."""
    tasks = [asyncio.create_task(work) for work in works]
    await asyncio.sleep(dice.uniform(0, 0.6))
    wharf.kill()
    await asyncio.gather(*tasks)
