"""
An archive as `docker save` writes it, as a repository to write one image to.

A layer stands in it uncompressed, under the digest that the configuration knows it by, and is held
against that digest when the manifest comes. How long it is turns out only while it is decompressed, so its
header is written last. Layers come one at a time. The file takes its name when the image is whole.

What is small and may be JSON is kept in memory until the manifest says whether it is the configuration.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import tarfile
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

from wharfinger.oci import manifest as manifests
from wharfinger.oci import media_types, strict_json
from wharfinger.oci.digest import Digest
from wharfinger.oci.errors import InvalidJson
from wharfinger.oci.manifest import Descriptor
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.remote.errors import BlobAbsent, ManifestAbsent
from wharfinger.remote.layouts import content
from wharfinger.remote.layouts.docker_archive import GZIP, LAYER_LIMIT, MANIFEST, ZSTD
from wharfinger.remote.layouts.errors import FileExists, InvalidLayout, NotInThisForm
from wharfinger.remote.layouts.tar_index import BLOCK
from wharfinger.remote.repository import RemoteManifest

LAYER_SIZE_LIMIT: Final = 64 << 30
"""Bytes that a layer may have when it is decompressed: a few megabytes could claim any size."""
_CONFIGS: Final = 16


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer in the file; `diff_id` is the digest of what is uncompressed."""

    member: str
    diff_id: Digest


class DockerArchiveFile:
    """Implements `Target`; to be used as a context, at whose end the file is there or is not."""

    def __init__(self, path: Path, image: ImageReference | None = None) -> None:
        self._path, self._image = path, image
        self.name = ImageReference(name=f"docker-archive:{path}")
        self._layers: dict[Digest, _Layer] = {}
        self._written: set[str] = set()
        self._small: dict[Digest, bytes] = {}
        self._manifest: RemoteManifest | None = None
        self._one_at_a_time = asyncio.Lock()
        self._stack = ExitStack()
        self._file: BinaryIO

    async def __aenter__(self) -> Self:
        if self._path.exists():
            raise FileExists(self._path)
        self._file = self._stack.enter_context(content.replacing(self._path))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None and self._manifest is None:
            kind, error = ManifestAbsent, ManifestAbsent(str(self.name), "no image has come")
        await asyncio.to_thread(self._stack.__exit__, kind, error, trace)

    # What is there

    async def manifest(self, reference: Digest | Tag) -> RemoteManifest:
        if self._manifest is None or reference != self._manifest.digest:
            raise ManifestAbsent(str(self.name), f"it has no {reference}")
        return self._manifest

    async def digest(self, tag: Tag) -> Digest:
        return (await self.manifest(tag)).digest

    async def tags(self, *, limit: int | None = None) -> list[str]:
        return []

    async def referrers(self, subject: Digest) -> list[Descriptor]:
        return []

    async def blob(self, digest: Digest, size: int) -> AsyncIterator[bytes]:
        if digest not in self._small:
            raise BlobAbsent(str(self.name), f"it has no {digest} as it came")
        yield self._small[digest]

    async def has_blob(self, digest: Digest) -> bool:
        return digest in self._layers or digest in self._small

    async def mount(self, digest: Digest, source: ImageReference) -> bool:
        return False

    # What is written

    async def put_blob(self, digest: Digest, size: int, chunks: AsyncIterable[bytes]) -> None:
        async with self._one_at_a_time:
            head, rest = await _with_head(chunks)
            if size <= manifests.MAX_SIZE and head.startswith(b"{"):
                await self._hold(digest, size, head, rest)
            else:
                await self._write_layer(digest, size, head, rest)

    async def put_manifest(self, reference: Digest | Tag, manifest: RemoteManifest) -> None:
        read = manifests.parse(manifest.raw, manifest.media_type)
        if read.media_type not in media_types.IMAGES or self._manifest is not None:
            raise NotInThisForm(
                str(self.name),
                "an archive has one image here, and no index",
                remedy="choose one with --multi-arch=system, or copy to oci:PATH",
            )
        config, *layers = (one.digest for one in read.blobs)
        for digest in layers:
            if digest in self._small:
                held = self._small[digest]
                await self._write_layer(digest, len(held), held, _nothing())
        await asyncio.to_thread(self._close, config, layers)
        self._manifest = manifest

    async def delete(self, reference: Digest | Tag) -> None:
        raise NotInThisForm(str(self.name), "nothing is removed from an archive")

    async def _hold(
        self, digest: Digest, size: int, head: bytes, rest: AsyncIterator[bytes]
    ) -> None:
        if len(self._small) == _CONFIGS:
            raise NotInThisForm(str(self.name), f"it has more than {_CONFIGS} configurations")
        held = bytearray(head)
        async for piece in rest:
            held += piece
        if len(held) != size:
            raise InvalidLayout(str(self.name), f"{len(held)} bytes came of {size}")
        self._small[digest] = bytes(held)

    async def _write_layer(
        self, digest: Digest, size: int, head: bytes, rest: AsyncIterator[bytes]
    ) -> None:
        if head.startswith(ZSTD):
            raise NotInThisForm(
                str(self.name), "layers compressed with zstd", remedy="copy to oci:PATH instead"
            )
        if len(self._layers) == LAYER_LIMIT:
            raise NotInThisForm(str(self.name), f"it has more than {LAYER_LIMIT} layers")
        start = self._file.seek(0, 2)
        try:
            diff_id = await self._write_data(start, size, head, rest)
        except BaseException:
            self._file.truncate(start)
            raise
        name = f"{diff_id.hex}.tar"
        if name in self._written:
            self._file.truncate(start)  # the same layer, compressed in another way
        self._written.add(name)
        self._layers[digest] = _Layer(name, diff_id)

    async def _write_data(
        self, start: int, size: int, head: bytes, rest: AsyncIterator[bytes]
    ) -> Digest:
        """Write a layer with its header; return the digest of what is uncompressed."""
        inflated = _Inflated(str(self.name)) if head.startswith(GZIP) else None
        found, came = hashlib.sha256(), len(head)
        self._file.seek(start + BLOCK)

        def write(parts: Iterable[bytes]) -> None:
            for part in parts:
                found.update(part)
                content.write_all(self._file, part)
                if self._file.tell() - start > LAYER_SIZE_LIMIT:
                    raise NotInThisForm(str(self.name), "a layer of a size beyond all measure")

        async def take(piece: bytes) -> None:
            parts = (piece,) if inflated is None else inflated.feed(piece)
            await asyncio.to_thread(write, parts)

        await take(head)
        async for piece in rest:
            came += len(piece)
            await take(piece)
        if came != size:
            raise InvalidLayout(str(self.name), f"{came} bytes came of {size}")
        if inflated is not None:
            write((inflated.rest(),))
        diff_id = Digest("sha256", found.hexdigest())
        length = self._file.tell() - start - BLOCK
        content.write_all(self._file, bytes(-length % BLOCK))
        self._file.seek(start)
        content.write_all(self._file, _header(f"{diff_id.hex}.tar", length))
        return diff_id

    def _close(self, config: Digest, layers: Sequence[Digest]) -> None:
        """Write what names the image, and the end of the archive."""
        raw = self._small[config]
        written = [self._layers[digest] for digest in layers]
        if _diff_ids(raw) != [str(one.diff_id) for one in written]:
            raise InvalidLayout(
                str(self.name), "the layers are not those that the configuration names"
            )
        listed = {
            "Config": f"{config.hex}.json",
            "RepoTags": [] if self._image is None else [self._image.full()],
            "Layers": [one.member for one in written],
        }
        self._file.seek(0, 2)
        for name, text in ((listed["Config"], raw), (MANIFEST, json.dumps([listed]).encode())):
            padding = bytes(-len(text) % BLOCK)
            content.write_all(self._file, _header(str(name), len(text)) + text + padding)
        content.write_all(self._file, bytes(2 * BLOCK))


class _Inflated:
    """What gzip files, one behind the other, are uncompressed, in pieces that memory has room for."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._stream = _stream()

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._stream.eof:
                self._stream = _stream()
            try:
                yield self._stream.decompress(data, content.PIECE)
            except zlib.error:
                raise InvalidLayout(self._place, "a layer is no gzip file, or damaged") from None
            ended = self._stream.eof
            data = self._stream.unused_data if ended else self._stream.unconsumed_tail

    def rest(self) -> bytes:
        """What is left when all has been fed."""
        left = self._stream.flush()
        if not self._stream.eof:
            raise InvalidLayout(self._place, "a layer breaks off")
        return left


def _stream() -> zlib._Decompress:
    return zlib.decompressobj(zlib.MAX_WBITS | 16)


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = size
    return member.tobuf(format=tarfile.GNU_FORMAT)


def _diff_ids(raw: bytes) -> Any:
    """What the configuration says; what is no configuration names no layers."""
    try:
        config = strict_json.decode(raw)
    except InvalidJson:
        return None
    rootfs = config.get("rootfs") if isinstance(config, dict) else None
    return rootfs.get("diff_ids") if isinstance(rootfs, dict) else None


async def _with_head(chunks: AsyncIterable[bytes]) -> tuple[bytes, AsyncIterator[bytes]]:
    """The first bytes, enough to tell what they are, and those that follow."""
    head, rest = b"", aiter(chunks)
    while len(head) < len(ZSTD) and (piece := await anext(rest, None)) is not None:
        head += piece
    return head, rest


async def _nothing() -> AsyncIterator[bytes]:
    for piece in list[bytes]():
        yield piece
