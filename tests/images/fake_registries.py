"""Other registries in memory: what is in them, who asked, and what goes wrong on purpose."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter

from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.remote.errors import ManifestAbsent
from wharfinger.remote.repository import RemoteManifest


def digest_of(raw):
    return Digest.parse(f"sha256:{hashlib.sha256(raw).hexdigest()}")


class FakeRegistries:
    def __init__(self):
        self.tags, self.manifests, self.blobs = {}, {}, {}
        self.asked, self.shown = Counter(), []
        self.error = None
        self.gate = None  # an event that answers wait for

    def image(self, name, labels=None, *, config=None):
        """Put an image at `host/repository:tag` and return its digest."""
        content = config if config is not None else json.dumps({"config": {"Labels": labels}})
        blob = content.encode()
        self.blobs[str(digest_of(blob))] = blob
        manifest = {
            "schemaVersion": 2,
            "mediaType": media_types.OCI_IMAGE,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": str(digest_of(blob)),
                "size": len(blob),
            },
            "layers": [],
        }
        return self._put(name, manifest, media_types.OCI_IMAGE)

    def index(self, name, *children):
        """`children` are pairs of a digest and a platform."""
        manifest = {
            "schemaVersion": 2,
            "mediaType": media_types.OCI_INDEX,
            "manifests": [
                {
                    "mediaType": media_types.OCI_IMAGE,
                    "digest": digest,
                    "size": 1,
                    "platform": platform,
                }
                for digest, platform in children
            ],
        }
        return self._put(name, manifest, media_types.OCI_INDEX)

    def _put(self, name, manifest, media_type):
        raw = json.dumps(manifest).encode()
        found = RemoteManifest(digest_of(raw), media_type, raw)
        self.manifests[str(found.digest)] = found
        self.tags[name] = found.digest
        return str(found.digest)

    def source(self, name, *, logins=(), seconds):
        self.shown.append([login.username for login in logins])
        return FakeSource(self, name)


class FakeSource:
    def __init__(self, registries, name):
        self._registries, self.name = registries, name

    async def _answer(self, what):
        self._registries.asked[what] += 1
        if self._registries.gate is not None:
            await self._registries.gate.wait()
        if self._registries.error is not None:
            raise self._registries.error

    async def digest(self, tag):
        await self._answer("digest")
        found = self._registries.tags.get(f"{self.name.exact()}:{tag}")
        if found is None:
            raise ManifestAbsent(self.name.registry, "it has no such manifest")
        return found

    async def manifest(self, reference):
        await self._answer("manifest")
        found = self._registries.manifests.get(str(reference))
        if found is None:
            raise ManifestAbsent(self.name.registry, "it has no such manifest")
        return found

    async def referrers(self, subject):
        return []

    async def blob(self, digest, size):
        await asyncio.sleep(0)
        yield self._registries.blobs[str(digest)]
