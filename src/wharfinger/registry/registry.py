"""
The registry: repositories with their blobs, manifests and tags, over two stores.

It decides what belongs together and what must exist; who may ask is decided before
(`server/v2_policy.py`). A blob is readable only through a repository that links it, whichever
other repository brought it here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from wharfinger.oci import manifest as manifests
from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import Manifest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.registry.blobs import BlobStore
from wharfinger.registry.errors import (
    BlobUnknown,
    DigestMismatch,
    ManifestUnknown,
    RepositoryUnknown,
    TooManyManifests,
)
from wharfinger.registry.fence import Fence
from wharfinger.registry.metadata import MetadataStore, StoredManifest
from wharfinger.registry.uploads import Uploads

MOST_LINKED: Final = 1_000
"""How many manifests an image may have that is linked into another repository."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob that may be read; `file` holds just its bytes, if the store has files."""

    digest: Digest
    size: int
    file: Path | None


@dataclass(frozen=True, slots=True)
class Pushed:
    digest: Digest
    subject: Digest | None


def _now() -> datetime:
    return datetime.now(UTC)


class Registry:
    """Reads raise `RepositoryUnknown`, or what is unknown within a repository that there is."""

    def __init__(
        self,
        *,
        blobs: BlobStore,
        metadata: MetadataStore,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self.uploads = Uploads(blobs, metadata)
        self._blobs = blobs
        self._metadata = metadata
        self._now = now
        self._fence = Fence()

    async def start(self) -> int:
        """Drop stale uploads; return how many."""
        return await self.uploads.purge_stale(self._now)

    async def close(self) -> None:
        await self._metadata.close()
        await self._blobs.close()

    def writing(self, project: str) -> AbstractContextManager[None]:
        """Around asking for a right and using it: `delete_project` waits for it."""
        return self._fence.writing(project)

    async def exists(self, name: RepositoryName) -> bool:
        return await self._metadata.exists(name)

    async def repositories(self, after: str, limit: int) -> list[RepositoryName]:
        """The names behind `after`, in the order of their bytes."""
        return await self._metadata.repositories(after, limit)

    async def tagged(
        self, after: str, limit: int
    ) -> list[tuple[RepositoryName, Mapping[Tag, Digest]]]:
        """The repositories behind `after`, in the order of their bytes, with all their tags."""
        return await self._metadata.tagged(after, limit)

    async def delete_repository(self, name: RepositoryName) -> None:
        if not await self._metadata.delete_repository(name):
            raise RepositoryUnknown(name)

    async def delete_project(self, project: str) -> None:
        """Delete its repositories; whoever calls sees to it that no new push is permitted."""
        await self._fence.quiet(project)
        await self._metadata.delete_project(project)

    async def blob(self, name: RepositoryName, digest: Digest) -> Blob:
        size = await self._metadata.blob_size(name, digest)
        # A blob whose file was lost or cut off is unknown, so that the next push heals it.
        if size is None or await self._blobs.size(digest) != size:
            raise await self._unknown(name, BlobUnknown(digest))
        return Blob(digest, size, self._blobs.file(digest))

    def read_blob(self, blob: Blob, start: int, stop: int) -> AsyncIterator[bytes]:
        return self._blobs.read(blob.digest, start, stop)

    async def put_blob(self, name: RepositoryName, digest: Digest, data: bytes) -> None:
        """Store a small blob that came in one piece."""
        await self._blobs.put(digest, data)
        await self._metadata.link_blob(name, digest, len(data))

    async def mount_blob(
        self, name: RepositoryName, digest: Digest, source: RepositoryName
    ) -> bool:
        """Link a blob of `source`, which the caller may read; return whether it was there."""
        try:
            blob = await self.blob(source, digest)
        except (BlobUnknown, RepositoryUnknown):
            return False
        await self._metadata.link_blob(name, digest, blob.size)
        return True

    async def delete_blob(self, name: RepositoryName, digest: Digest) -> None:
        """Remove the link; other repositories keep theirs."""
        if not await self._metadata.unlink_blob(name, digest):
            raise await self._unknown(name, BlobUnknown(digest))

    async def manifest(self, name: RepositoryName, reference: Digest | Tag) -> StoredManifest:
        digest: Digest | None
        if isinstance(reference, Tag):
            digest = await self._metadata.tag(name, reference)
        else:
            digest = reference
        found = None if digest is None else await self._metadata.manifest(name, digest)
        if found is None:
            raise await self._unknown(name, ManifestUnknown(name, reference))
        return found

    async def tag(self, name: RepositoryName, tag: Tag) -> Digest | None:
        return await self._metadata.tag(name, tag)

    async def put_manifest(
        self, name: RepositoryName, reference: Digest | Tag, raw: bytes, content_type: str | None
    ) -> Pushed:
        """Store the very bytes, with all that they name present; a tag moves with it."""
        manifest = manifests.parse(raw, content_type)
        tag = reference if isinstance(reference, Tag) else None
        digest = Digest.of(raw) if isinstance(reference, Tag) else reference
        if not digest.matches(raw):
            raise DigestMismatch(digest)
        await self._metadata.put_manifest(name, digest, manifest, tag)
        return Pushed(digest, manifest.subject)

    async def link_image(
        self, name: RepositoryName, digest: Digest, source: RepositoryName, tag: Tag | None = None
    ) -> None:
        """Give `name` an image of `source`, which the caller may read, with all that it names."""
        stored = await self._with_children(source, digest)
        parsed = {each.digest: manifests.parse(each.raw, each.media_type) for each in stored}
        blobs = {blob.digest for manifest in parsed.values() for blob in manifest.blobs}
        await asyncio.gather(*(self.mount_blob(name, blob, source) for blob in blobs))
        for each, manifest in parsed.items():
            await self._metadata.put_manifest(name, each, manifest, tag if each == digest else None)

    async def _with_children(self, name: RepositoryName, digest: Digest) -> list[StoredManifest]:
        """A manifest behind all that it names, so that each may be put when its turn comes."""
        ordered: list[StoredManifest] = []
        seen: set[Digest] = set()
        waiting: list[StoredManifest | Digest] = [digest]
        while waiting:
            each = waiting.pop()
            if isinstance(each, StoredManifest):
                ordered.append(each)
            elif each not in seen:
                seen.add(each)
                if len(seen) > MOST_LINKED:
                    raise TooManyManifests(digest, MOST_LINKED)
                found = await self.manifest(name, each)
                children = manifests.parse(found.raw, found.media_type).children
                waiting += [found, *(child.digest for child in children)]
        return ordered

    async def delete_manifest(self, name: RepositoryName, reference: Digest | Tag) -> None:
        """By digest: the manifest with its tags. By tag: the tag alone."""
        if isinstance(reference, Tag):
            deleted = await self._metadata.delete_tag(name, reference)
        else:
            deleted = await self._metadata.delete_manifest(name, reference)
        if not deleted:
            raise await self._unknown(name, ManifestUnknown(name, reference))

    async def tags(self, name: RepositoryName, after: str, limit: int) -> list[Tag]:
        """The tags behind `after`, in the order of their bytes."""
        if not await self._metadata.exists(name):
            raise RepositoryUnknown(name)
        return await self._metadata.tags(name, after, limit)

    async def all_tags(self, name: RepositoryName) -> Mapping[Tag, Digest]:
        """What each tag of a repository is; nothing if it is not there."""
        return await self._metadata.all_tags(name)

    async def referrers(
        self,
        name: RepositoryName,
        subject: Digest,
        *,
        artifact_type: str | None = None,
        after: str = "",
        limit: int,
    ) -> list[tuple[Digest, Manifest]]:
        """The manifests about `subject`, which itself need not be here."""
        found = await self._metadata.referrers(
            name, subject, artifact_type=artifact_type, after=after, limit=limit
        )
        return [(each.digest, manifests.parse(each.raw, each.media_type)) for each in found]

    async def _unknown(
        self, name: RepositoryName, missing: BlobUnknown | ManifestUnknown
    ) -> BlobUnknown | ManifestUnknown | RepositoryUnknown:
        return missing if await self._metadata.exists(name) else RepositoryUnknown(name)
