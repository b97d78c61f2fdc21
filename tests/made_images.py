"""Images made by hand, and repositories in memory that keep the contract of `remote/repository.py`."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass, field

from wharfinger.oci import manifest as manifests
from wharfinger.oci import media_types
from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import Descriptor
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.remote.errors import BlobAbsent, ManifestAbsent, WrongContent
from wharfinger.remote.repository import RemoteManifest

LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"


@dataclass(frozen=True)
class Image:
    manifest: RemoteManifest
    blobs: dict[Digest, bytes]

    @property
    def digest(self) -> Digest:
        return self.manifest.digest


def tar(**files: bytes) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as writing:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            writing.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def image(*layers: bytes, compressed: bool = True, about: Digest | None = None, **config) -> Image:
    """`layers` are what is uncompressed; `about` makes it a referrer."""
    diff_ids = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
    rootfs = {"type": "layers", "diff_ids": diff_ids}
    text = json.dumps({"architecture": "amd64", "os": "linux", **config, "rootfs": rootfs}).encode()
    stored = [gzip.compress(layer, mtime=0) if compressed else layer for layer in layers]
    kind = f"{LAYER}+gzip" if compressed else LAYER
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_IMAGE,
        "config": descriptor(CONFIG, text),
        "layers": [descriptor(kind, layer) for layer in stored],
    }
    if about is not None:
        document["subject"] = {"mediaType": media_types.OCI_IMAGE, "digest": str(about), "size": 1}
    blobs = {Digest.of(content): content for content in (text, *stored)}
    return Image(manifest(media_types.OCI_IMAGE, document), blobs)


def index(images: Sequence[Image], platforms: Sequence[str] = ()) -> RemoteManifest:
    """Platforms are spelled `os/architecture[/variant]`."""
    entries = []
    for number, one in enumerate(images):
        entry = descriptor(one.manifest.media_type, one.manifest.raw)
        if number < len(platforms):
            names = zip(
                ("os", "architecture", "variant"), platforms[number].split("/"), strict=False
            )
            entry["platform"] = dict(names)
        entries.append(entry)
    document = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": entries}
    return manifest(media_types.OCI_INDEX, document)


def manifest(media_type: str, document) -> RemoteManifest:
    raw = json.dumps(document).encode()
    return RemoteManifest(Digest.of(raw), media_type, raw)


def descriptor(media_type: str, content: bytes):
    return {"mediaType": media_type, "digest": str(Digest.of(content)), "size": len(content)}


async def pieces(content: bytes, size: int = 7) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@dataclass
class Repository:
    """Implements `Target`. `asked` is each request that a registry would have got."""

    name: ImageReference
    manifests: dict[Digest, RemoteManifest] = field(default_factory=dict)
    tagged: dict[str, Digest] = field(default_factory=dict)
    blobs: dict[Digest, bytes] = field(default_factory=dict)
    neighbours: dict[str, "Repository"] = field(default_factory=dict)
    has_referrers_api: bool = True
    asked: list[str] = field(default_factory=list)
    failing: dict[str, list[Exception]] = field(default_factory=dict)

    @classmethod
    def at(cls, name: str) -> "Repository":
        return cls(ImageReference.parse(name))

    def push(self, tag: str, *images: Image, top: RemoteManifest | None = None) -> Digest:
        """Hold images, and the last of them, or an index over them, under a tag."""
        for one in images:
            self.blobs |= one.blobs
            self.manifests[one.digest] = one.manifest
        last = top or images[-1].manifest
        self.manifests[last.digest] = last
        self.tagged[tag] = last.digest
        return last.digest

    def _ask(self, request: str) -> None:
        """Note a request, and fail it if the test wants so: once for each error that it gave."""
        self.asked.append(request)
        for prefix, errors in self.failing.items():
            if request.startswith(prefix) and errors:
                raise errors.pop(0)

    async def manifest(self, reference: Digest | Tag) -> RemoteManifest:
        self._ask(f"get {reference}")
        found = reference if isinstance(reference, Digest) else self.tagged.get(str(reference))
        if found not in self.manifests:
            raise ManifestAbsent(str(self.name), f"no {reference}")
        return self.manifests[found]

    async def digest(self, tag: Tag) -> Digest:
        self._ask(f"head {tag}")
        if str(tag) not in self.tagged:
            raise ManifestAbsent(str(self.name), f"no {tag}")
        return self.tagged[str(tag)]

    async def tags(self, *, limit: int | None = None) -> list[str]:
        self._ask("tags")
        return sorted(self.tagged)[:limit]

    async def referrers(self, subject: Digest) -> list[Descriptor]:
        self._ask(f"referrers {subject}")
        if self.has_referrers_api:
            every = self.manifests.values()
            read = [(one, manifests.parse(one.raw, one.media_type)) for one in every]
            return [
                Descriptor(one.media_type, one.digest, len(one.raw))
                for one, found in read
                if found.subject == subject
            ]
        tag = f"{subject.algorithm}-{subject.hex}"
        if tag not in self.tagged:
            return []
        top = self.manifests[self.tagged[tag]]
        return list(manifests.parse(top.raw, top.media_type).children)

    async def blob(self, digest: Digest, size: int) -> AsyncIterator[bytes]:
        self._ask(f"blob {digest}")
        if digest not in self.blobs:
            raise BlobAbsent(str(self.name), f"no {digest}")
        content = self.blobs[digest]
        async for piece in pieces(content, max(len(content) // 3, 1)):
            yield piece
        if len(content) != size or not digest.matches(content):
            raise WrongContent(str(self.name), f"other bytes under {digest}")

    async def has_blob(self, digest: Digest) -> bool:
        self._ask(f"has {digest}")
        return digest in self.blobs

    async def mount(self, digest: Digest, source: ImageReference) -> bool:
        self._ask(f"mount {digest}")
        other = self.neighbours.get(source.repository)
        if other is None or digest not in other.blobs:
            return False
        self.blobs[digest] = other.blobs[digest]
        return True

    async def put_blob(self, digest: Digest, size: int, chunks: AsyncIterable[bytes]) -> None:
        self._ask(f"put {digest}")
        content = b"".join([piece async for piece in chunks])
        assert len(content) == size
        assert digest.matches(content)
        self.blobs[digest] = content

    async def put_manifest(self, reference: Digest | Tag, manifest: RemoteManifest) -> None:
        self._ask(f"put {reference}")
        read = manifests.parse(manifest.raw, manifest.media_type)
        assert all(one.digest in self.blobs for one in read.blobs), "a blob is missing"
        assert all(one.digest in self.manifests for one in read.children), "a child is missing"
        self.manifests[manifest.digest] = manifest
        if isinstance(reference, Tag):
            self.tagged[str(reference)] = manifest.digest

    async def delete(self, reference: Digest | Tag) -> None:
        self._ask(f"delete {reference}")
        self.tagged.pop(str(reference), None)
