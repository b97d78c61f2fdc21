"""
A folder in the form of an OCI image layout, as a repository: tags are the names in its `index.json`.

Whatever stands in the layout of somebody else is checked as what a registry says is: documents have
limits, bytes have their digests, links are not followed out of it. Manifests stay as they are, those of
Docker too. A blob that is not named any more stays until somebody removes the folder.

https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from wharfinger.oci import manifest as manifests
from wharfinger.oci import media_types, strict_json
from wharfinger.oci.digest import Digest
from wharfinger.oci.errors import InvalidDigest, InvalidJson
from wharfinger.oci.manifest import Descriptor
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.remote.errors import BlobAbsent, ManifestAbsent
from wharfinger.remote.layouts import content, errors
from wharfinger.remote.layouts.errors import InvalidLayout
from wharfinger.remote.repository import RemoteManifest

REF_NAME: Final = "org.opencontainers.image.ref.name"
ENTRY_LIMIT: Final = 10_000
REFERRERS_LIMIT: Final = 500
_INDEX: Final = "index.json"
_MARK: Final = "oci-layout"
_VERSION: Final = "1.0.0"
_MARK_LIMIT: Final = 4_096
_EMPTY: Final[Mapping[str, Any]] = {"schemaVersion": 2, "manifests": []}


@dataclass(frozen=True, slots=True)
class Entry:
    """One manifest that `index.json` lists; `name` is empty for one without a name."""

    descriptor: Descriptor
    name: str
    document: Mapping[str, Any]


class OciLayout:
    """Implements `Target`. Each question reads what is there at that moment."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = ImageReference(name=f"oci:{path}")

    @classmethod
    def existing(cls, path: Path) -> Self:
        """Raise `InvalidLayout` if there is no layout."""
        layout = cls(path)
        if not layout._is_there():
            raise InvalidLayout(str(layout.name), f"it has no file {_MARK!r}")
        return layout

    @classmethod
    def to_write(cls, path: Path) -> Self:
        """A layout that is made when something is put there, if it is not there yet."""
        layout = cls(path)
        layout._is_there()
        return layout

    def make(self) -> None:
        if self._is_there():
            return
        _make_folder(self._path / "blobs")
        with self._locked():
            if not (self._path / _INDEX).exists():
                _replace(self._path / _INDEX, _EMPTY)
            if not self._is_there():
                _replace(self._path / _MARK, {"imageLayoutVersion": _VERSION})

    def _is_there(self) -> bool:
        """Raise `InvalidLayout` for one of another version."""
        try:
            raw = content.read_small(self._path / _MARK, _MARK_LIMIT)
        except FileNotFoundError:
            return False
        if _decoded(raw, str(self.name)).get("imageLayoutVersion") != _VERSION:
            raise InvalidLayout(str(self.name), f"it is not of version {_VERSION}")
        return True

    # What is there

    def entry(self, ref: str) -> Entry:
        """The entry with this name, or the only one if none is given, whatever letters it has."""
        entries = self._entries()
        found = [one for one in entries if one.name == ref] if ref else entries
        if not found:
            raise ManifestAbsent(
                str(self.name), f"it has no image {ref!r}" if ref else "it is empty"
            )
        if len({one.descriptor.digest for one in found}) > 1:
            raise InvalidLayout(
                str(self.name),
                f"several images are named {ref!r}" if ref else "it has several images",
                remedy=None if ref else f"name one of them, as in {self.name}:TAG",
            )
        return found[0]

    async def manifest(self, reference: Digest | Tag) -> RemoteManifest:
        return await asyncio.to_thread(self._manifest, reference)

    def _manifest(self, reference: Digest | Tag) -> RemoteManifest:
        if isinstance(reference, Tag):
            listed = self.entry(str(reference)).descriptor
        else:
            entries = self._entries()
            found = [one.descriptor for one in entries if one.descriptor.digest == reference]
            listed = found[0] if found else Descriptor("", reference, 0)
        try:
            raw = content.read_small(self._blob(listed.digest), manifests.MAX_SIZE)
        except FileNotFoundError:
            raise ManifestAbsent(str(self.name), f"it has no {listed.digest}") from None
        if not listed.digest.matches(raw):
            raise InvalidLayout(str(self.name), f"it has other bytes under {listed.digest}")
        return RemoteManifest(listed.digest, listed.media_type or media_type_of(raw), raw)

    async def digest(self, tag: Tag) -> Digest:
        return (await asyncio.to_thread(self.entry, str(tag))).descriptor.digest

    async def tags(self, *, limit: int | None = None) -> list[str]:
        entries = await asyncio.to_thread(self._entries)
        return sorted({one.name for one in entries if Tag.find(one.name) is not None})[:limit]

    async def referrers(self, subject: Digest) -> list[Descriptor]:
        return await asyncio.to_thread(self._referrers, subject)

    def _referrers(self, subject: Digest) -> list[Descriptor]:
        listed = {one.descriptor.digest: one.descriptor for one in self._entries()}
        found: list[Descriptor] = []
        for one in listed.values():
            if one.media_type not in media_types.MANIFESTS or len(found) == REFERRERS_LIMIT:
                continue
            about = manifests.parse(self._manifest(one.digest).raw, one.media_type).subject
            if about == subject:
                found.append(one)
        return found

    async def blob(self, digest: Digest, size: int) -> AsyncIterator[bytes]:
        def opened() -> BinaryIO:
            try:
                return content.open_regular(self._blob(digest))
            except FileNotFoundError:
                raise BlobAbsent(str(self.name), f"it has no {digest}") from None

        async for piece in content.verified(opened, digest, size, place=str(self.name)):
            yield piece

    async def has_blob(self, digest: Digest) -> bool:
        return await asyncio.to_thread(content.has_digest, self._blob(digest), digest)

    # What is changed

    async def mount(self, digest: Digest, source: ImageReference) -> bool:
        return False

    async def put_blob(self, digest: Digest, size: int, chunks: AsyncIterable[bytes]) -> None:
        path = await asyncio.to_thread(self._place, digest)
        await content.write(path, size, chunks)

    async def put_manifest(self, reference: Digest | Tag, manifest: RemoteManifest) -> None:
        """List it under a tag. By its digest alone only what is about another manifest is listed."""
        await asyncio.to_thread(self._put_manifest, reference, manifest)

    def _put_manifest(self, reference: Digest | Tag, manifest: RemoteManifest) -> None:
        with content.replacing(self._place(manifest.digest)) as file:
            content.write_all(file, manifest.raw)
        entry: dict[str, Any] = {
            "mediaType": manifest.media_type,
            "digest": str(manifest.digest),
            "size": len(manifest.raw),
        }
        if isinstance(reference, Tag):
            entry["annotations"] = {REF_NAME: str(reference)}
            self._change(lambda entries: [*_without_name(entries, str(reference)), entry])
        elif manifests.parse(manifest.raw, manifest.media_type).subject is not None:
            self._change(lambda entries: [*_without_digest(entries, manifest.digest), entry])

    async def delete(self, reference: Digest | Tag) -> None:
        def without(entries: list[Entry]) -> list[Mapping[str, Any]]:
            if isinstance(reference, Tag):
                return _without_name(entries, str(reference))
            return [one.document for one in entries if one.descriptor.digest != reference]

        await asyncio.to_thread(self._change, without)

    def _change(self, change: Callable[[list[Entry]], list[Mapping[str, Any]]]) -> None:
        with self._locked():
            document = self._document()
            document["manifests"] = change(_entries(document, str(self.name)))
            _replace(self._path / _INDEX, document)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Others who change the list wait for us."""
        folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    # Its files

    def _entries(self) -> list[Entry]:
        return _entries(self._document(), str(self.name))

    def _document(self) -> dict[str, Any]:
        try:
            raw = content.read_small(self._path / _INDEX, manifests.MAX_SIZE)
        except FileNotFoundError:
            return dict(_EMPTY)
        return _decoded(raw, str(self.name))

    def _place(self, digest: Digest) -> Path:
        """Where to write a blob."""
        self.make()
        path = self._blob(digest)
        _make_folder(path.parent)
        return path

    def _blob(self, digest: Digest) -> Path:
        """The file of a blob; raise if a link leads to it from out of the layout."""
        folder = self._path / "blobs" / digest.algorithm
        if not _real(folder).is_relative_to(_real(self._path)):
            raise InvalidLayout(str(self.name), "its blobs are elsewhere, by a link")
        return folder / digest.hex


def media_type_of(raw: bytes) -> str:
    """What a manifest is that nothing else tells of: OCI lets one leave its media type out."""
    document = strict_json.decode(raw)
    stated = document.get("mediaType") if isinstance(document, dict) else None
    if isinstance(stated, str):
        return stated
    index = isinstance(document, dict) and "manifests" in document
    return media_types.OCI_INDEX if index else media_types.OCI_IMAGE


def _real(path: Path) -> Path:
    """Where links lead; those in a circle lead nowhere, which `Path.resolve` takes for a bug."""
    return Path(os.path.realpath(path))


def _entries(document: Mapping[str, Any], place: str) -> list[Entry]:
    listed = document.get("manifests")
    if not isinstance(listed, list) or len(listed) > ENTRY_LIMIT:
        raise InvalidLayout(place, f"{_INDEX} has no list of manifests, or one beyond all measure")
    return [_entry(one, place) for one in listed]


def _entry(document: Any, place: str) -> Entry:
    if not isinstance(document, dict):
        raise InvalidLayout(place, f"{_INDEX} lists something other than manifests")
    media_type, size = document.get("mediaType", ""), document.get("size", 0)
    annotations = document.get("annotations") or {}
    name = annotations.get(REF_NAME, "") if isinstance(annotations, dict) else None
    try:
        digest = Digest.parse(str(document.get("digest")))
    except InvalidDigest:
        raise InvalidLayout(place, f"{_INDEX} lists a manifest without a digest") from None
    if not (isinstance(media_type, str) and isinstance(size, int) and isinstance(name, str)):
        raise InvalidLayout(place, f"{_INDEX} has an odd entry for {digest}")
    return Entry(Descriptor(media_type, digest, size), name, document)


def _without_name(entries: list[Entry], name: str) -> list[Mapping[str, Any]]:
    return [one.document for one in entries if one.name != name]


def _without_digest(entries: list[Entry], digest: Digest) -> list[Mapping[str, Any]]:
    return [one.document for one in entries if one.name or one.descriptor.digest != digest]


def _decoded(raw: bytes, place: str) -> dict[str, Any]:
    try:
        document = strict_json.decode(raw)
    except InvalidJson as error:
        raise InvalidLayout(place, error.reason) from None
    if not isinstance(document, dict):
        raise InvalidLayout(place, "a document of it is no JSON object")
    return document


def _replace(path: Path, document: Mapping[str, Any]) -> None:
    with content.replacing(path) as file:
        content.write_all(file, json.dumps(document).encode())


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise errors.of(error, "write", path) from None
