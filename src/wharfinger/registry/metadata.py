"""
The contract of the metadata store: repositories, and what each of them links.

A repository comes into being with the first thing put into it. All that one method changes
becomes durable together, before the method returns, or not at all. Reads see every write that
was acknowledged before; a read writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from wharfinger.oci.digest import Digest
from wharfinger.oci.errors import InvalidManifest
from wharfinger.oci.manifest import Manifest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.registry.errors import ManifestIncomplete


@dataclass(frozen=True, slots=True)
class StoredManifest:
    digest: Digest
    media_type: str
    raw: bytes


class MetadataStore(Protocol):
    async def exists(self, name: RepositoryName) -> bool: ...

    async def repositories(self, after: str, limit: int) -> list[RepositoryName]:
        """The names behind `after`, in the order of their bytes."""
        ...

    async def tagged(
        self, after: str, limit: int
    ) -> list[tuple[RepositoryName, Mapping[Tag, Digest]]]:
        """The repositories behind `after`, in the order of their bytes, with all their tags."""
        ...

    async def blob_size(self, name: RepositoryName, digest: Digest) -> int | None:
        """The size of a blob that the repository links; None if it does not."""
        ...

    async def manifest(self, name: RepositoryName, digest: Digest) -> StoredManifest | None: ...

    async def tag(self, name: RepositoryName, tag: Tag) -> Digest | None: ...

    async def tags(self, name: RepositoryName, after: str, limit: int) -> list[Tag]:
        """The tags behind `after`, in the order of their bytes."""
        ...

    async def all_tags(self, name: RepositoryName) -> Mapping[Tag, Digest]:
        """What each tag of a repository is; nothing if it is not there."""
        ...

    async def referrers(
        self,
        name: RepositoryName,
        subject: Digest,
        *,
        artifact_type: str | None,
        after: str,
        limit: int,
    ) -> list[StoredManifest]:
        """The manifests about `subject` whose digest is behind `after`, in order of digest."""
        ...

    async def link_blob(self, name: RepositoryName, digest: Digest, size: int) -> None: ...

    async def put_manifest(
        self, name: RepositoryName, digest: Digest, manifest: Manifest, tag: Tag | None
    ) -> None:
        """Store the manifest and move the tag; raise as `require_complete` does, changing nothing."""
        ...

    async def unlink_blob(self, name: RepositoryName, digest: Digest) -> bool:
        """Return whether there was such a link."""
        ...

    async def delete_manifest(self, name: RepositoryName, digest: Digest) -> bool:
        """Delete the manifest and the tags on it; return whether there was one."""
        ...

    async def delete_tag(self, name: RepositoryName, tag: Tag) -> bool: ...

    async def delete_repository(self, name: RepositoryName) -> bool: ...

    async def delete_project(self, project: str) -> None:
        """Delete every repository of the project."""
        ...

    async def close(self) -> None: ...


def require_complete(
    manifest: Manifest,
    blob_size: Callable[[Digest], int | None],
    has_manifest: Callable[[Digest], bool],
) -> None:
    """Raise `ManifestIncomplete` or `InvalidManifest` unless all that it names is there.

    A store asks this within the transaction that writes the manifest, so that nothing can go
    away between the question and the write.
    """
    sizes = {blob.digest: blob_size(blob.digest) for blob in manifest.blobs}
    missing = [digest for digest, size in sizes.items() if size is None]
    missing += [child.digest for child in manifest.children if not has_manifest(child.digest)]
    if missing:
        raise ManifestIncomplete(missing)
    for blob in manifest.blobs:
        if sizes[blob.digest] != blob.size:
            raise InvalidManifest(
                f"it gives {blob.digest} {blob.size} bytes, and it has {sizes[blob.digest]}"
            )
