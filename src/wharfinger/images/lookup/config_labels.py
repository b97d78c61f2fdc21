"""
The labels of an image, from its config in another registry.

Which image of an index a node will run, nobody knows here. So an index has labels only if all its
images have the same: else one that is allowed could stand beside one that is not.
"""

from __future__ import annotations

from typing import Any, Final

from wharfinger.images.streams import metadata
from wharfinger.images.streams.metadata import UnreadableConfig
from wharfinger.oci import manifest as manifests
from wharfinger.oci import strict_json
from wharfinger.oci.digest import Digest
from wharfinger.oci.errors import InvalidJson, InvalidManifest, UnsupportedManifest
from wharfinger.oci.manifest import Manifest
from wharfinger.policy.imagepolicy.model import LookupFailed
from wharfinger.remote.repository import Source

MOST_CHILDREN: Final = 32
_NO_IMAGE: Final = "unknown"
"""The system that an index says for attestations and the like, which nobody can run."""


async def read(source: Source, digest: Digest) -> dict[str, str]:
    """Raise `LookupFailed`, or what the registry is at fault of."""
    try:
        return await _read(source, digest)
    except (InvalidManifest, InvalidJson, UnsupportedManifest, UnreadableConfig) as error:
        raise LookupFailed(f"{source.name.exact()}@{digest}: {error.message}") from None


async def _read(source: Source, digest: Digest) -> dict[str, str]:
    found = await _manifest(source, digest)
    if not found.children:
        return await _of_config(source, found)
    images = _images(found)
    place = f"{source.name.exact()}@{digest}"
    if not 0 < len(images) <= MOST_CHILDREN:
        raise LookupFailed(f"{place}: its index has {len(images)} images")
    told = [await _of_config(source, await _manifest(source, one)) for one in images]
    if any(labels != told[0] for labels in told):
        raise LookupFailed(f"{place}: its images for several platforms have different labels")
    return told[0]


async def _manifest(source: Source, digest: Digest) -> Manifest:
    found = await source.manifest(digest)
    return manifests.parse(found.raw, found.media_type)


async def _of_config(source: Source, manifest: Manifest) -> dict[str, str]:
    config = next(iter(manifest.blobs), None)
    if config is None or config.media_type not in metadata.CONFIGS:
        raise LookupFailed(f"{source.name.exact()}: it is no image that has labels")
    if config.size > metadata.CONFIG_LIMIT:
        raise LookupFailed(
            f"{source.name.exact()}: its config has more than {metadata.CONFIG_LIMIT} bytes"
        )
    chunks = [chunk async for chunk in source.blob(config.digest, config.size)]
    return metadata.labels_of_config(b"".join(chunks))


def _images(index: Manifest) -> list[Digest]:
    listed = strict_json.decode(index.raw)["manifests"]
    pairs = zip(index.children, listed, strict=True)
    return [child.digest for child, entry in pairs if _system(entry) != _NO_IMAGE]


def _system(entry: dict[str, Any]) -> Any:
    platform = entry.get("platform")
    return platform.get("os") if isinstance(platform, dict) else None
