"""
An archive as `docker save` and `podman save` write it, as a repository to read from.

The archive is a tar file with a `manifest.json` that names the configuration and the layers of each
image. It has no manifest of the kind that registries keep, so one is made here: the same one each time,
with the layers as they stand in the archive. Layers that are not compressed have their digest in the
configuration, and are held against it while they are read; of others it is computed first.

https://github.com/moby/moby/blob/v29.0.0/image/tarexport/README.md
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from wharfinger.oci import manifest as manifests
from wharfinger.oci import media_types, strict_json
from wharfinger.oci.digest import Digest
from wharfinger.oci.errors import InvalidDigest, InvalidJson
from wharfinger.oci.manifest import Descriptor
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference, InvalidReference
from wharfinger.remote.errors import BlobAbsent, ManifestAbsent
from wharfinger.remote.layouts import content, tar_index
from wharfinger.remote.layouts.errors import InvalidLayout
from wharfinger.remote.layouts.tar_index import InvalidTar, Member, TarIndex
from wharfinger.remote.repository import RemoteManifest

MANIFEST: Final = "manifest.json"
LAYER_LIMIT: Final = 1_000
IMAGE_LIMIT: Final = 10_000
CONFIG_TYPE: Final = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE: Final = "application/vnd.docker.image.rootfs.diff.tar"
GZIP_LAYER_TYPE: Final = f"{LAYER_TYPE}.gzip"
GZIP: Final = b"\x1f\x8b"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
_GUNZIP: Final = "decompress it first, as in `gunzip FILE`"


@dataclass(frozen=True, slots=True)
class Listed:
    """One image, as `manifest.json` has it."""

    config: str
    layers: tuple[str, ...]
    names: tuple[ImageReference, ...]


class DockerArchive:
    """One image of an archive; implements `Source`."""

    def __init__(
        self, path: Path, listed: Listed, manifest: RemoteManifest, blobs: dict[Digest, Member]
    ) -> None:
        self._path, self._listed, self._blobs = path, listed, blobs
        self._made = manifest
        self.name = ImageReference(name=f"docker-archive:{path}")

    @classmethod
    def opened(
        cls, path: Path, *, image: ImageReference | None = None, number: int | None = None
    ) -> Self:
        """Find an image by its name or its place, or else the only one.

        Raise `InvalidLayout`, `CannotUseFile` or `ManifestAbsent`.
        """
        place = f"docker-archive:{path}"
        try:
            with content.open_regular(path) as file:
                _require_plain(file, place)
                index = tar_index.read(file)
                reader = _Reader(file, index, place)
                listed = _chosen(reader.images(), image, number, place)
                manifest, blobs = reader.manifest(listed)
        except FileNotFoundError:
            raise ManifestAbsent(place, "there is no such file") from None
        except InvalidTar as error:
            raise InvalidLayout(place, str(error)) from None
        return cls(path, listed, manifest, blobs)

    @property
    def digest_made(self) -> Digest:
        """Of the manifest that was made for the image."""
        return self._made.digest

    async def manifest(self, reference: Digest | Tag) -> RemoteManifest:
        if reference == self._made.digest or str(reference) in await self.tags():
            return self._made
        raise ManifestAbsent(str(self.name), f"it has no {reference}")

    async def digest(self, tag: Tag) -> Digest:
        return (await self.manifest(tag)).digest

    async def tags(self, *, limit: int | None = None) -> list[str]:
        return sorted({name.tag for name in self._listed.names})[:limit]

    async def referrers(self, subject: Digest) -> list[Descriptor]:
        return []

    async def blob(self, digest: Digest, size: int) -> AsyncIterator[bytes]:
        member = self._blobs.get(digest)
        if member is None:
            raise BlobAbsent(str(self.name), f"it has no {digest}")

        def opened() -> BinaryIO:
            file = content.open_regular(self._path)
            file.seek(member.offset)
            return file

        async for piece in content.verified(opened, digest, size, place=str(self.name)):
            yield piece


async def opened(
    path: Path, *, image: ImageReference | None = None, number: int | None = None
) -> DockerArchive:
    """As `DockerArchive.opened`, off the event loop: layers may have to be read for their digests."""
    return await asyncio.to_thread(DockerArchive.opened, path, image=image, number=number)


class _Reader:
    def __init__(self, file: BinaryIO, index: TarIndex, place: str) -> None:
        self._file, self._index, self._place = file, index, place

    def images(self) -> list[Listed]:
        document = self._document(MANIFEST)
        if not isinstance(document, list) or not 0 < len(document) <= IMAGE_LIMIT:
            raise InvalidLayout(self._place, f"{MANIFEST} has no list of images")
        return [self._listed(one) for one in document]

    def manifest(self, listed: Listed) -> tuple[RemoteManifest, dict[Digest, Member]]:
        raw = self._small(listed.config)
        config = Digest.of(raw)
        blobs = {config: self._member(listed.config)}
        layers: list[dict[str, Any]] = []
        names = self._diff_ids(self._decoded(raw, listed.config), len(listed.layers))
        for name, diff_id in zip(listed.layers, names, strict=True):
            member = self._member(name)
            media_type, digest = self._layer(member, diff_id)
            blobs[digest] = member
            layers.append({"mediaType": media_type, "size": member.size, "digest": str(digest)})
        document = {
            "schemaVersion": 2,
            "mediaType": media_types.DOCKER_IMAGE,
            "config": {"mediaType": CONFIG_TYPE, "size": len(raw), "digest": str(config)},
            "layers": layers,
        }
        made = json.dumps(document, separators=(",", ":")).encode()
        return RemoteManifest(Digest.of(made), media_types.DOCKER_IMAGE, made), blobs

    def _layer(self, member: Member, diff_id: Digest) -> tuple[str, Digest]:
        """What a layer is, and the digest of its bytes."""
        self._file.seek(member.offset)
        head = self._file.read(len(ZSTD))
        if head.startswith(ZSTD):
            raise InvalidLayout(
                self._place, "it has layers compressed with zstd, of no Docker type"
            )
        if head.startswith(GZIP):
            return GZIP_LAYER_TYPE, self._digest(member)
        return LAYER_TYPE, diff_id

    def _digest(self, member: Member) -> Digest:
        found, left = hashlib.sha256(), member.size
        self._file.seek(member.offset)
        while left and (piece := self._file.read(min(content.PIECE, left))):
            found.update(piece)
            left -= len(piece)
        return Digest("sha256", found.hexdigest())

    def _diff_ids(self, config: Any, count: int) -> list[Digest]:
        rootfs = config.get("rootfs") if isinstance(config, dict) else None
        found = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
        if not isinstance(found, list) or len(found) != count:
            raise InvalidLayout(
                self._place, "an image has other layers than its configuration says"
            )
        try:
            return [Digest.parse(str(one)) for one in found]
        except InvalidDigest:
            raise InvalidLayout(self._place, "a layer has no digest") from None

    def _listed(self, document: Any) -> Listed:
        fields = document if isinstance(document, dict) else {}
        config, layers = fields.get("Config"), fields.get("Layers") or []
        names = fields.get("RepoTags") or []
        if not (isinstance(config, str) and _are_texts(layers) and _are_texts(names)):
            raise InvalidLayout(self._place, f"{MANIFEST} has an image that is none")
        if len(layers) > LAYER_LIMIT:
            raise InvalidLayout(self._place, f"an image has more than {LAYER_LIMIT} layers")
        return Listed(config, tuple(layers), tuple(_images(names)))

    def _document(self, name: str) -> Any:
        return self._decoded(self._small(name), name)

    def _decoded(self, raw: bytes, name: str) -> Any:
        try:
            return strict_json.decode(raw)
        except InvalidJson as error:
            raise InvalidLayout(self._place, f"{name[:200]}: {error.reason}") from None

    def _small(self, name: str) -> bytes:
        member = self._member(name)
        if member.size > manifests.MAX_SIZE:
            raise InvalidLayout(
                self._place, f"{name[:200]} has more than {manifests.MAX_SIZE} bytes"
            )
        self._file.seek(member.offset)
        return self._file.read(member.size)

    def _member(self, name: str) -> Member:
        member = self._index.find(name)
        if member is None:
            raise InvalidLayout(self._place, f"it has no {name[:200]!r}")
        return member


def _require_plain(file: BinaryIO, place: str) -> None:
    if file.read(len(GZIP)) == GZIP:
        raise InvalidLayout(place, "it is compressed", remedy=_GUNZIP)


def _chosen(
    images: Sequence[Listed], image: ImageReference | None, number: int | None, place: str
) -> Listed:
    if number is not None:
        found = list(images[number : number + 1])
    elif image is not None:
        found = [one for one in images if any(name.same_image(image) for name in one.names)]
    else:
        found = list(images)
    if not found:
        wanted = image.full() if image is not None else f"image number {number}"
        raise ManifestAbsent(place, f"it has no {wanted}")
    if len(found) > 1:
        raise InvalidLayout(
            place, f"it has {len(found)} images", remedy=f"name one of them, as in {place}:@0"
        )
    return found[0]


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _images(names: Sequence[str]) -> list[ImageReference]:
    """Names that are none are passed over: an image is found by its number, too."""
    found = []
    for name in names:
        try:
            found.append(ImageReference.parse(name).with_client_defaults())
        except InvalidReference:
            continue
    return found
