"""Both stores in memory: the reference for the contracts, and what tests run on."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import Manifest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.registry.blobs import PART
from wharfinger.registry.errors import (
    BlobUnknown,
    DigestMismatch,
    OffsetMismatch,
    SizeMismatch,
    UploadBusy,
    UploadUnknown,
)
from wharfinger.registry.metadata import StoredManifest, require_complete


@dataclass(slots=True)
class _Upload:
    data: bytearray = field(default_factory=bytearray)
    touched: datetime = field(default_factory=lambda: datetime.now(UTC))
    busy: bool = False


class MemoryBlobStore:
    def __init__(self) -> None:
        self._blobs: dict[Digest, bytes] = {}
        self._uploads: dict[str, _Upload] = {}

    async def size(self, digest: Digest) -> int:
        return len(self._blob(digest))

    def file(self, _: Digest) -> Path | None:
        return None

    async def read(self, digest: Digest, start: int, stop: int) -> AsyncIterator[bytes]:
        data = self._blob(digest)
        for at in range(start, stop, PART):
            yield data[at : min(at + PART, stop)]

    async def put(self, digest: Digest, data: bytes) -> None:
        if not digest.matches(data):
            raise DigestMismatch(digest)
        self._blobs[digest] = data

    async def begin(self, upload: str) -> None:
        self._uploads[upload] = _Upload()

    async def received(self, upload: str) -> int:
        return len(self._upload(upload).data)

    async def append(
        self,
        upload: str,
        chunks: AsyncIterable[bytes],
        *,
        offset: int | None = None,
        length: int | None = None,
    ) -> int:
        with self._writing(upload) as state:
            before = len(state.data)
            if offset is not None and offset != before:
                raise OffsetMismatch(offset, before)
            async for chunk in chunks:
                state.data += chunk
                if length is not None and len(state.data) - before > length:
                    break
            came = len(state.data) - before
            if length is not None and came != length:
                del state.data[before:]
                raise SizeMismatch(length, came)
            return len(state.data)

    async def commit(self, upload: str, digest: Digest) -> int:
        with self._writing(upload) as state:
            data = bytes(state.data)
            del self._uploads[upload]
        await self.put(digest, data)
        return len(data)

    async def discard(self, upload: str) -> None:
        with self._writing(upload):
            del self._uploads[upload]

    async def purge(self, before: datetime) -> int:
        stale = [name for name, state in self._uploads.items() if state.touched < before]
        for name in stale:
            del self._uploads[name]
        return len(stale)

    async def close(self) -> None:
        return None

    def _blob(self, digest: Digest) -> bytes:
        if digest not in self._blobs:
            raise BlobUnknown(digest)
        return self._blobs[digest]

    def _upload(self, upload: str) -> _Upload:
        if upload not in self._uploads:
            raise UploadUnknown
        return self._uploads[upload]

    @contextmanager
    def _writing(self, upload: str) -> Iterator[_Upload]:
        state = self._upload(upload)
        if state.busy:
            raise UploadBusy
        state.busy = True
        try:
            yield state
        finally:
            state.busy = False
            state.touched = datetime.now(UTC)


@dataclass(slots=True)
class _Repository:
    blobs: dict[Digest, int] = field(default_factory=dict)
    manifests: dict[Digest, Manifest] = field(default_factory=dict)
    tags: dict[Tag, Digest] = field(default_factory=dict)


_NOTHING = _Repository()


class MemoryMetadataStore:
    def __init__(self) -> None:
        self._repositories: dict[RepositoryName, _Repository] = {}

    async def exists(self, name: RepositoryName) -> bool:
        return name in self._repositories

    async def repositories(self, after: str, limit: int) -> list[RepositoryName]:
        names = sorted(self._repositories, key=str)
        return list(islice((name for name in names if str(name) > after), limit))

    async def tagged(
        self, after: str, limit: int
    ) -> list[tuple[RepositoryName, Mapping[Tag, Digest]]]:
        names = await self.repositories(after, limit)
        return [(name, dict(self._repositories[name].tags)) for name in names]

    async def blob_size(self, name: RepositoryName, digest: Digest) -> int | None:
        return self._of(name).blobs.get(digest)

    async def manifest(self, name: RepositoryName, digest: Digest) -> StoredManifest | None:
        manifest = self._of(name).manifests.get(digest)
        return None if manifest is None else _stored(digest, manifest)

    async def tag(self, name: RepositoryName, tag: Tag) -> Digest | None:
        return self._of(name).tags.get(tag)

    async def tags(self, name: RepositoryName, after: str, limit: int) -> list[Tag]:
        tags = sorted(self._of(name).tags)
        return list(islice((tag for tag in tags if tag.text > after), limit))

    async def all_tags(self, name: RepositoryName) -> Mapping[Tag, Digest]:
        return dict(self._of(name).tags)

    async def referrers(
        self,
        name: RepositoryName,
        subject: Digest,
        *,
        artifact_type: str | None,
        after: str,
        limit: int,
    ) -> list[StoredManifest]:
        found = (
            _stored(digest, manifest)
            for digest, manifest in sorted(
                self._of(name).manifests.items(), key=lambda m: str(m[0])
            )
            if manifest.subject == subject
            and artifact_type in (None, manifest.artifact_type)
            and str(digest) > after
        )
        return list(islice(found, limit))

    async def link_blob(self, name: RepositoryName, digest: Digest, size: int) -> None:
        self._made(name).blobs[digest] = size

    async def put_manifest(
        self, name: RepositoryName, digest: Digest, manifest: Manifest, tag: Tag | None
    ) -> None:
        present = self._of(name)
        require_complete(manifest, present.blobs.get, present.manifests.__contains__)
        repository = self._made(name)
        repository.manifests[digest] = manifest
        if tag is not None:
            repository.tags[tag] = digest

    async def unlink_blob(self, name: RepositoryName, digest: Digest) -> bool:
        return self._of(name).blobs.pop(digest, None) is not None

    async def delete_manifest(self, name: RepositoryName, digest: Digest) -> bool:
        repository = self._of(name)
        for tag in [tag for tag, target in repository.tags.items() if target == digest]:
            del repository.tags[tag]
        return repository.manifests.pop(digest, None) is not None

    async def delete_tag(self, name: RepositoryName, tag: Tag) -> bool:
        return self._of(name).tags.pop(tag, None) is not None

    async def delete_repository(self, name: RepositoryName) -> bool:
        return self._repositories.pop(name, None) is not None

    async def delete_project(self, project: str) -> None:
        for name in [name for name in self._repositories if name.project == project]:
            del self._repositories[name]

    async def close(self) -> None:
        return None

    def _of(self, name: RepositoryName) -> _Repository:
        return self._repositories.get(name, _NOTHING)

    def _made(self, name: RepositoryName) -> _Repository:
        return self._repositories.setdefault(name, _Repository())


def _stored(digest: Digest, manifest: Manifest) -> StoredManifest:
    return StoredManifest(digest, manifest.media_type, manifest.raw)
