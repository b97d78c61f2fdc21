"""
One repository of another registry, as a client: what is asked of it, and what comes back.

`registries.py` has the implementation that speaks HTTP, `layouts/` those over an OCI layout and an
archive of Docker. All that comes back is checked: a manifest and a blob have the digest under which
they were asked for, or `NotUnderstood` is raised and nothing of it may be kept. What can go wrong
besides stands in `errors.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import Descriptor
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference


@dataclass(frozen=True, slots=True)
class RemoteManifest:
    digest: Digest
    media_type: str
    raw: bytes


class Source(Protocol):
    """A repository to read from."""

    @property
    def name(self) -> ImageReference:
        """Registry and repository, without tag and digest; what messages show."""
        ...

    async def manifest(self, reference: Digest | Tag) -> RemoteManifest:
        """Raise `ManifestAbsent` if the repository has none, or is not there."""
        ...

    async def digest(self, tag: Tag) -> Digest:
        """What the tag means now, as cheaply as the registry allows (HEAD). As `manifest` raises."""
        ...

    async def tags(self, *, limit: int | None = None) -> list[str]:
        """All tags, or the first `limit` that the registry lists."""
        ...

    async def referrers(self, subject: Digest) -> list[Descriptor]:
        """Manifests about another one, by the API or else by the fallback tag; at most a few hundred."""
        ...

    def blob(self, digest: Digest, size: int) -> AsyncIterator[bytes]:
        """The bytes, resumed where a connection broke. Raise `BlobAbsent`."""
        ...


class Target(Source, Protocol):
    """A repository to write to as well."""

    async def has_blob(self, digest: Digest) -> bool: ...

    async def mount(self, digest: Digest, source: ImageReference) -> bool:
        """Take a blob over from another repository of the same registry; False if it did not."""
        ...

    async def put_blob(self, digest: Digest, size: int, chunks: AsyncIterable[bytes]) -> None: ...

    async def put_manifest(self, reference: Digest | Tag, manifest: RemoteManifest) -> None: ...

    async def delete(self, reference: Digest | Tag) -> None:
        """Remove a tag, or a manifest with its tags."""
        ...
