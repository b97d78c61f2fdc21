"""Other registries in memory, for the tests of imports: repositories that do as they are told."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from wharfinger.oci import media_types
from wharfinger.oci.credentials import Credential
from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import Descriptor
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.remote.errors import BlobAbsent, LoginNeeded, ManifestAbsent, WrongLogin
from wharfinger.remote.repository import RemoteManifest


@dataclass
class Repository:
    """What a repository has; `fault` is raised by every question, `broken` by those about a tag."""

    tags: dict[str, Digest] = field(default_factory=dict)
    manifests: dict[Digest, RemoteManifest] = field(default_factory=dict)
    blobs: dict[Digest, bytes] = field(default_factory=dict)
    fault: Exception | None = None
    broken: dict[str, Exception] = field(default_factory=dict)
    stalled: set[str] = field(default_factory=set)
    """Tags whose manifest never comes."""
    login: Credential | None = None
    """If any, what it wants to see; a wrong one is refused even if `open`."""
    open: bool = False

    def push(
        self, tag: str, *, labels: dict[str, str] | None = None, layer: bytes = b"x"
    ) -> Digest:
        digest = self.put_image(labels=labels, layer=layer)
        self.tags[tag] = digest
        return digest

    def put_image(
        self,
        *,
        labels: dict[str, str] | None = None,
        layer: bytes = b"x",
        architecture: str = "amd64",
    ) -> Digest:
        config = {
            "architecture": architecture,
            "os": "linux",
            "config": {"Labels": labels or {}},
            "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(layer))]},
        }
        document = {
            "schemaVersion": 2,
            "mediaType": media_types.DOCKER_IMAGE,
            "config": self._blob(
                json.dumps(config).encode(), "application/vnd.docker.container.image.v1+json"
            ),
            "layers": [self._blob(layer, "application/vnd.docker.image.rootfs.diff.tar.gzip")],
        }
        return self.put(document, media_types.DOCKER_IMAGE)

    def put_index(self, *children: tuple[Digest, str]) -> Digest:
        """An index of images with their architectures."""
        entries = [
            {
                "mediaType": media_types.DOCKER_IMAGE,
                "digest": str(digest),
                "size": len(self.manifests[digest].raw),
                "platform": {"architecture": architecture, "os": "linux"},
            }
            for digest, architecture in children
        ]
        document = {
            "schemaVersion": 2,
            "mediaType": media_types.DOCKER_LIST,
            "manifests": entries,
        }
        return self.put(document, media_types.DOCKER_LIST)

    def put(self, document: Any, media_type: str) -> Digest:
        raw = json.dumps(document).encode()
        digest = Digest.of(raw)
        self.manifests[digest] = RemoteManifest(digest, media_type, raw)
        return digest

    def _blob(self, data: bytes, media_type: str) -> dict[str, Any]:
        digest = Digest.of(data)
        self.blobs[digest] = data
        return {"mediaType": media_type, "digest": str(digest), "size": len(data)}


class MemorySource:
    def __init__(
        self,
        name: ImageReference,
        repository: Repository,
        logins: Sequence[Credential],
        asked: Counter[str],
    ) -> None:
        self.name = name
        self._repository, self._logins, self._asked = repository, logins, asked

    async def manifest(self, reference: Digest | Tag) -> RemoteManifest:
        self._question(f"manifest {reference}", reference)
        if str(reference) in self._repository.stalled:
            await asyncio.Event().wait()
        digest = (
            self._repository.tags.get(str(reference)) if isinstance(reference, Tag) else reference
        )
        found = None if digest is None else self._repository.manifests.get(digest)
        if found is None:
            raise ManifestAbsent(self.name.registry, f"it has no {reference}")
        return found

    async def digest(self, tag: Tag) -> Digest:
        self._question(f"digest {tag}", tag)
        if str(tag) not in self._repository.tags:
            raise ManifestAbsent(self.name.registry, f"it has no {tag}")
        return self._repository.tags[str(tag)]

    async def tags(self, *, limit: int | None = None) -> list[str]:
        self._question("tags", None)
        return list(self._repository.tags)[:limit]

    async def referrers(self, subject: Digest) -> list[Descriptor]:
        self._question(f"referrers {subject}", None)
        return []

    async def blob(self, digest: Digest, size: int) -> AsyncIterator[bytes]:
        self._question(f"blob {digest}", None)
        if digest not in self._repository.blobs:
            raise BlobAbsent(self.name.registry, f"it has no {digest}")
        data = self._repository.blobs[digest]
        assert len(data) == size, "a source raises for what is not as it was announced"
        for at in range(0, size, 1000):
            yield data[at : at + 1000]

    def _question(self, what: str, reference: Digest | Tag | None) -> None:
        self._asked[what] += 1
        repository = self._repository
        if repository.fault is not None:
            raise repository.fault
        if (fault := repository.broken.get(str(reference))) is not None:
            raise fault
        if repository.login is None or repository.login in self._logins:
            return
        if self._logins:
            raise WrongLogin(self.name.registry, "it does not take the login")
        if not repository.open:
            raise LoginNeeded(self.name.registry, "it wants a login")


class MemorySources:
    """`repositories` by registry and repository; `asked` counts the questions."""

    def __init__(self, **repositories: Repository) -> None:
        self.repositories: dict[str, Repository] = dict(repositories)
        self.asked: Counter[str] = Counter()
        self.insecure: list[bool] = []

    def source(
        self,
        name: ImageReference,
        *,
        logins: Sequence[Credential] = (),
        insecure: bool = False,
        seconds: float,
    ) -> MemorySource:
        assert seconds > 0
        self.insecure.append(insecure)
        repository = name.as_repository()
        found = self.repositories.setdefault(repository.exact(), Repository())
        return MemorySource(repository, found, logins, self.asked)
