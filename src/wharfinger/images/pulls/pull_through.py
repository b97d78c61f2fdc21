"""
What the registry lacks and a stream knows, fetched from where the image came from, and kept.

This stands over the registry for those who read a repository: what is here is read as it is. A
manifest that is not, of an image in the history of the repository's stream, comes from its origin; so
does a blob of such an image. Both are kept: in the background the image is completed, one blob after
the other, and then its manifest stands in the registry like one that was pushed. Until then it is
remembered for some minutes.

Who may read a repository may read what its stream names; nothing else is ever fetched.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from wharfinger.cluster.cache import Cache
from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.openshift.image_streams import IMAGE_STREAM
from wharfinger.cluster.kinds.openshift.images import IMAGE
from wharfinger.errors import NotFound, WharfingerError
from wharfinger.images.importing.turns import Turns
from wharfinger.images.lookup.remembered import Remembered
from wharfinger.images.pulls.origins import Absent, Origins
from wharfinger.images.pulls.transfers import Transfer
from wharfinger.images.streams import agreement
from wharfinger.oci import manifest as manifests
from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import Descriptor, Manifest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.registry.errors import (
    BlobUnknown,
    ManifestIncomplete,
    ManifestUnknown,
    RepositoryUnknown,
)
from wharfinger.registry.metadata import StoredManifest
from wharfinger.registry.registry import Blob, Registry
from wharfinger.remote.repository import Source

REMEMBERED: Final = 64
REMEMBERED_SECONDS: Final = 10 * 60.0

TRANSFERS: Final = 48
TRANSFERS_EACH: Final = 6
"""How many blobs are fetched at a time, in all and for one project: each has its window in memory."""

_STRETCH: Final = 100
"""How many images are looked through before others have their turn."""

logger = logging.getLogger(__name__)


class Content(NamedTuple):
    """A manifest or a blob, in a repository of ours."""

    name: RepositoryName
    digest: Digest


@dataclass(frozen=True, slots=True)
class ComingBlob(Blob):
    """One that is on its way; read as any other."""

    transfer: Transfer


class PullThrough:
    """`active` tells whether a project is there and not being deleted."""

    def __init__(
        self,
        registry: Registry,
        cache: Cache,
        origins: Origins,
        *,
        active: Callable[[str], bool],
    ) -> None:
        self._registry, self._cache, self._origins = registry, cache, origins
        self._active = active
        self._manifests: Remembered[Content, StoredManifest] = Remembered(
            REMEMBERED, lambda _: REMEMBERED_SECONDS
        )
        self._transfers: dict[Content, Transfer] = {}
        self._completing: set[Content] = set()
        self._turns = Turns(TRANSFERS, TRANSFERS_EACH)
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """End what is under way; of what is not whole nothing is kept."""
        under_way = list(self._tasks)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._manifests.close()

    async def settle(self) -> None:
        """Wait until all that is under way is kept, or has failed."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def manifest(self, name: RepositoryName, reference: Digest | Tag) -> StoredManifest:
        """Raise what the registry raises, `SourceUnavailable` or `SourceBusy`."""
        try:
            return await self._registry.manifest(name, reference)
        except (ManifestUnknown, RepositoryUnknown) as absent:
            stream = self._stream(name)
            digest = None if stream is None else await self._meant(stream, reference)
            if stream is None or digest is None:
                raise
            with _absent_as(absent):
                return await self._manifest(name, stream, digest)

    async def blob(self, name: RepositoryName, digest: Digest) -> Blob:
        """Raise as `manifest` does."""
        try:
            return await self._registry.blob(name, digest)
        except (BlobUnknown, RepositoryUnknown) as absent:
            with _absent_as(absent):
                transfer = await self._coming(Content(name, digest))
                await transfer.begun()
        return ComingBlob(digest, transfer.blob.size, None, transfer)

    async def tags(self, name: RepositoryName, after: str, limit: int) -> list[Tag]:
        """Those of the registry, and those of the stream whose images are elsewhere."""
        stream = self._stream(name)
        try:
            found = await self._registry.tags(name, after, limit)
        except RepositoryUnknown:
            if stream is None or not any(_history(stream)):
                raise
            found = []
        status = (stream or {}).get("status") or {}
        here = status.get("dockerImageRepository") or ""
        # Of an image of ours the registry alone says whether a tag is there.
        imported = {
            Tag(one["tag"])
            for one in status.get("tags") or ()
            if one["tag"] > after and one.get("items")
            if not _is_ours(one["items"][0], here)
        }
        return sorted(imported.union(found))[:limit]

    def read_blob(self, blob: Blob, start: int, stop: int) -> AsyncIterator[bytes]:
        if isinstance(blob, ComingBlob):
            return blob.transfer.read(start, stop)
        return self._registry.read_blob(blob, start, stop)

    # What a stream knows

    def _stream(self, name: RepositoryName) -> Object | None:
        return self._cache.get(IMAGE_STREAM.resource, name.project, name.rest)

    async def _meant(self, stream: Object, reference: Digest | Tag) -> Digest | None:
        """The image that a reader asks for, if it is one of the stream."""
        if isinstance(reference, Tag):
            newest = next(_history(stream, reference.text), "")
            return Digest.parse(newest) if newest else None
        wanted = str(reference)
        if wanted in _history(stream):
            return reference
        found = await self._first(stream, lambda name, _: name == wanted)
        return None if found is None else reference

    async def _first(self, stream: Object, fits: Callable[[str, Object], bool]) -> Digest | None:
        """The first image that fits, of the history and of the indexes in it."""
        looked = set[str]()
        for number, name in enumerate(_history(stream)):
            if number % _STRETCH == _STRETCH - 1:
                await asyncio.sleep(0)
            children = self._image(name).get("dockerImageManifests") or ()
            for one in (name, *(child["digest"] for child in children)):
                if one not in looked and fits(one, self._image(one)):
                    return Digest.parse(one)
                looked.add(one)
        return None

    def _image(self, name: str) -> Object:
        return self._cache.get(IMAGE.resource, "", name) or {}

    # Fetching

    async def _manifest(
        self, name: RepositoryName, stream: Object, digest: Digest
    ) -> StoredManifest:
        async def fetch() -> StoredManifest:
            async def ask(source: Source) -> StoredManifest:
                found = await source.manifest(digest)
                manifests.parse(found.raw, found.media_type)
                return StoredManifest(found.digest, found.media_type, found.raw)

            return await self._origins.ask(stream, ask)

        content = Content(name, digest)
        found = await self._manifests.get(content, fetch)
        if content not in self._completing:
            self._completing.add(content)
            self._start(self._complete(stream, found, content))
        return found

    async def _coming(self, content: Content) -> Transfer:
        """The transfer of a blob, begun now unless it is under way."""
        under_way = self._transfers.get(content)
        if under_way is not None:
            return under_way
        name, wanted = content.name, str(content.digest)
        stream = self._stream(name)
        if stream is not None:
            image = await self._first(stream, lambda _, known: wanted in _blobs(known))
            manifest = image and _read(await self._stored(name, stream, image))
            for blob in manifest.blobs if manifest else ():
                if blob.digest == content.digest:
                    return self._transfer(name, stream, blob)
        raise Absent("cannot find this in an image of the stream")

    async def _stored(self, name: RepositoryName, stream: Object, digest: Digest) -> StoredManifest:
        try:
            return await self._registry.manifest(name, digest)
        except (ManifestUnknown, RepositoryUnknown):
            return await self._manifest(name, stream, digest)

    def _transfer(self, name: RepositoryName, stream: Object, blob: Descriptor) -> Transfer:
        content = Content(name, blob.digest)
        found = self._transfers.get(content)
        if found is None:
            found = self._transfers[content] = Transfer(self._registry, name, blob)
            self._start(self._carry(stream, found, content))
        return found

    # Keeping

    async def _carry(self, stream: Object, transfer: Transfer, content: Content) -> None:
        try:
            async with (
                self._turns.of(content.name.project),
                aclosing(self._origins.blob(stream, transfer.blob)) as parts,
            ):
                await transfer.run(parts, active=self._active)
        except WharfingerError as error:
            logger.info("cannot keep %s for %s: %s", content.digest, content.name, error.message)
        finally:
            del self._transfers[content]

    async def _complete(self, stream: Object, stored: StoredManifest, content: Content) -> None:
        """Fetch what an image still lacks, then put its manifest into the registry."""
        name, manifest = content.name, _read(stored)
        try:
            for blob in manifest.blobs:
                if not await self._has(name, blob.digest):
                    await self._transfer(name, stream, blob).ended()
            await self._put(name, manifest, content.digest)
        except ManifestIncomplete:
            pass  # an index, some of whose images nobody has asked for
        except WharfingerError as error:
            logger.info("cannot keep %s for %s: %s", content.digest, name, error.message)
        finally:
            self._completing.discard(content)

    async def _put(self, name: RepositoryName, manifest: Manifest, digest: Digest) -> None:
        with self._registry.writing(name.project):
            if not self._active(name.project):
                raise RepositoryUnknown(name)
            await self._registry.put_manifest(name, digest, manifest.raw, manifest.media_type)

    async def _has(self, name: RepositoryName, digest: Digest) -> bool:
        try:
            await self._registry.blob(name, digest)
        except (BlobUnknown, RepositoryUnknown):
            return False
        return True

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _is_ours(event: Mapping[str, Any], here: str) -> bool:
    return bool(here and event.get("dockerImageReference")) and agreement.is_ours(event, here)


def _history(stream: Object, tag: str | None = None) -> Iterator[str]:
    """The images of a tag, or of all, the newest of each tag first."""
    for history in (stream.get("status") or {}).get("tags") or ():
        for event in (history.get("items") or ()) if tag in (None, history["tag"]) else ():
            if image := event.get("image"):
                yield image


def _blobs(image: Object) -> set[str]:
    """The layers and the config of an image, as its object names them."""
    layers = {layer["name"] for layer in image.get("dockerImageLayers") or ()}
    return layers | {str((image.get("dockerImageMetadata") or {}).get("Id") or "")}


def _read(stored: StoredManifest) -> Manifest:
    return manifests.parse(stored.raw, stored.media_type)


@contextmanager
def _absent_as(error: WharfingerError) -> Iterator[None]:
    """What is not at its origin either is not here."""
    try:
        yield
    except NotFound:
        raise error from None
