"""
The `Image` objects of what our registry has: what is known of an image, read from its bytes.

An image of an index has its objects beside that of the index. An image whose config cannot be read is
kept all the same, with nothing said of its config: no rule on labels allows it then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from wharfinger.cluster import metadata as object_metadata
from wharfinger.cluster.kind import Object
from wharfinger.images.streams import metadata
from wharfinger.images.streams.metadata import UnreadableConfig
from wharfinger.oci import manifest as manifests
from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import Manifest
from wharfinger.oci.names import RepositoryName
from wharfinger.registry.errors import BlobUnknown, ManifestUnknown, RepositoryUnknown
from wharfinger.registry.registry import Registry

MANAGED: Final = "openshift.io/image.managed"
"""The annotation of images whose bytes our registry has."""

MOST_CHILDREN: Final = 32
"""How many images of an index get objects."""


def _now() -> datetime:
    return datetime.now(UTC)


class PushedImages:
    def __init__(self, registry: Registry, *, now: Callable[[], datetime] = _now) -> None:
        self._registry = registry
        self._now = now

    async def of(self, name: RepositoryName, digest: Digest, repository: str) -> list[Object]:
        """The image, and those of its index; none if it is gone by now.

        `repository` is where clients pull the repository `name` from.
        """
        found = await self._manifest(name, digest)
        if found is None:
            return []
        images = {digest: found}
        for child in found.children[:MOST_CHILDREN]:
            manifest = await self._manifest(name, child.digest)
            if manifest is not None:
                images[child.digest] = manifest
        return list(
            await asyncio.gather(
                *(self._image(name, each, one, repository) for each, one in images.items())
            )
        )

    async def _manifest(self, name: RepositoryName, digest: Digest) -> Manifest | None:
        try:
            stored = await self._registry.manifest(name, digest)
        except (ManifestUnknown, RepositoryUnknown):
            return None
        return manifests.parse(stored.raw, stored.media_type)

    async def _image(
        self, name: RepositoryName, digest: Digest, manifest: Manifest, repository: str
    ) -> Object:
        reference, now = f"{repository}@{digest}", object_metadata.timestamp(self._now())
        config = await self._config(name, manifest)
        try:
            image = metadata.image(digest, reference, manifest, config, now=now)
        except UnreadableConfig:
            image = metadata.image(digest, reference, manifest, now=now)
        image["metadata"]["annotations"][MANAGED] = "true"
        return image

    async def _config(self, name: RepositoryName, manifest: Manifest) -> bytes | None:
        if manifest.media_type not in media_types.IMAGES:
            return None
        described = manifest.blobs[0]
        if described.size > metadata.CONFIG_LIMIT:
            return None
        try:
            blob = await self._registry.blob(name, described.digest)
        except (BlobUnknown, RepositoryUnknown):
            return None
        return b"".join([part async for part in self._registry.read_blob(blob, 0, blob.size)])
