"""
Fetch what an import asks for: manifests, configs and lists of tags, and no layer.

What comes back is a value for each entry, a failure among them: one broken tag stands beside good
ones. Each question to a registry takes a turn of the project (`turns.py`) and has its own time; a
registry that has not answered once is not asked again in the same request, so that a dead one
costs one wait and not one for each tag.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeVar

from wharfinger.errors import TooLarge, WharfingerError
from wharfinger.images.importing import platforms
from wharfinger.images.importing.platforms import Platform
from wharfinger.images.importing.request import PRESERVE, Wanted
from wharfinger.oci import image_stream_names, media_types
from wharfinger.oci import manifest as manifests
from wharfinger.oci.credentials import Credential
from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import Manifest
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import DEFAULT_TAG, ImageReference
from wharfinger.remote.errors import LoginNeeded, NoAnswer
from wharfinger.remote.repository import Source

SECONDS: Final = 30.0
"""For one question to a registry."""

IMAGE_SECONDS: Final = 2 * 60.0
"""For all the questions about one image, and for those about a list of tags."""

REQUEST_SECONDS: Final = 10 * 60.0
"""For all that one request asks: whoever answers slowly holds turns that others wait for."""

MOST_TAGS: Final = 10_000
"""Of one repository, also where the site sets no limit."""

MOST_CHILDREN: Final = 100
CONFIG_LIMIT: Final = 4 * 1024 * 1024

Answer = TypeVar("Answer")


class Sources(Protocol):
    """Where repositories are found; `remote.registries.Registries` is one."""

    def source(
        self,
        name: ImageReference,
        *,
        logins: Sequence[Credential] = (),
        insecure: bool = False,
        seconds: float,
    ) -> Source: ...


class ConfigTooLarge(TooLarge):
    code = "config-too-large"

    def __init__(self) -> None:
        super().__init__(f"its config has more than {CONFIG_LIMIT} bytes")


class IndexTooLarge(TooLarge):
    code = "index-too-large"

    def __init__(self, children: int) -> None:
        super().__init__(f"its index has {children} images, more than {MOST_CHILDREN}")


@dataclass(frozen=True, slots=True)
class FetchedImage:
    """A manifest, and the config that it names if it is that of an image."""

    digest: Digest
    manifest: Manifest
    config: bytes | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of one entry: an image, perhaps with the images of its index, or the error.

    `tag` is "" for what was asked for by digest.
    """

    wanted: Wanted
    reference: ImageReference
    """As it was written, without defaults."""
    tag: str = ""
    image: FetchedImage | None = None
    children: tuple[FetchedImage, ...] = ()
    error: WharfingerError | None = None
    logins: bool = False
    """Whether there were logins to try."""


@dataclass(frozen=True, slots=True)
class FetchedRepository:
    wanted: Wanted
    reference: ImageReference
    images: tuple[Fetched, ...] = ()
    more: tuple[str, ...] = ()
    """The tags beyond the limit."""
    error: WharfingerError | None = None
    logins: bool = False


class Fetching:
    """The fetches of one request; two entries of one meaning are one fetch."""

    def __init__(
        self,
        sources: Sources,
        *,
        logins: Callable[[ImageReference], Sequence[Credential]],
        turn: Callable[[], AbstractAsyncContextManager[None]],
        preferred: Callable[[str], Platform] = lambda _: Platform(),
        server: Platform | None = None,
        seconds: float = SECONDS,
    ) -> None:
        """`preferred` is the platform that a tag of the stream prefers."""
        self._sources, self._logins, self._turn = sources, logins, turn
        self._preferred, self._seconds = preferred, seconds
        self._server = Platform.of_server() if server is None else server
        self._until = asyncio.get_running_loop().time() + REQUEST_SECONDS
        self._silent: dict[tuple[str, bool], NoAnswer] = {}
        self._under_way: dict[Wanted, asyncio.Task[Fetched]] = {}

    async def image(self, wanted: Wanted) -> Fetched:
        """Raise `InvalidReference`; whatever else is wrong stands in the result."""
        reference = ImageReference.parse(wanted.name)
        same = replace(wanted, manifest=False, scheduled=False, policy="")
        if same not in self._under_way:
            self._under_way[same] = asyncio.create_task(self._image(wanted, reference))
        return replace(await self._under_way[same], wanted=wanted)

    async def repository(self, wanted: Wanted, limit: int) -> FetchedRepository:
        """The first tags in the order in which people look for them; a negative limit is none.

        Raise `InvalidReference`.
        """
        reference = ImageReference.parse(wanted.name)
        found = FetchedRepository(
            wanted, reference, logins=bool(self._logins(reference.with_client_defaults()))
        )

        async def list_tags(source: Source) -> list[str]:
            return await source.tags(limit=MOST_TAGS)

        try:
            listed = await self._ask(reference, wanted, list_tags)
        except WharfingerError as error:
            return replace(found, error=error)
        ordered = image_stream_names.prioritize(
            dict.fromkeys(tag for tag in listed if Tag.find(tag))
        )
        count = len(ordered) if limit < 0 else limit
        taken = [
            replace(wanted, name=replace(reference, tag=tag).exact(), to=tag)
            for tag in ordered[:count]
        ]
        images = await asyncio.gather(*map(self.image, taken))
        return replace(found, images=tuple(images), more=tuple(ordered[count:]))

    async def digest(self, wanted: Wanted) -> Digest:
        """What the tag means at the registry now, without fetching it. Raises what stands in the way."""
        reference = ImageReference.parse(wanted.name)

        async def ask(source: Source) -> Digest:
            return await source.digest(Tag.parse(reference.tag or DEFAULT_TAG))

        return await self._ask(reference, wanted, ask)

    async def _image(self, wanted: Wanted, reference: ImageReference) -> Fetched:
        tag = "" if reference.id else reference.tag or DEFAULT_TAG
        found = Fetched(
            wanted, reference, tag, logins=bool(self._logins(reference.with_client_defaults()))
        )

        async def fetch(source: Source) -> tuple[FetchedImage, tuple[FetchedImage, ...]]:
            return await self._all_of(source, wanted, reference)

        try:
            image, children = await self._ask(reference, wanted, fetch)
        except WharfingerError as error:
            return replace(found, error=error)
        return replace(found, image=image, children=children)

    async def _ask(
        self,
        reference: ImageReference,
        wanted: Wanted,
        question: Callable[[Source], Awaitable[Answer]],
    ) -> Answer:
        """Ask with the project's logins; if none of them serves, once more without any.

        So a secret that is wrong or too old does not stand between a project and a public image.
        """
        full = reference.with_client_defaults()
        logins = self._logins(full)
        try:
            return await self._asked(full, wanted, logins, question)
        except LoginNeeded:
            if not logins:
                raise
            try:
                return await self._asked(full, wanted, (), question)
            except LoginNeeded:
                pass
            raise

    async def _asked(
        self,
        full: ImageReference,
        wanted: Wanted,
        logins: Sequence[Credential],
        question: Callable[[Source], Awaitable[Answer]],
    ) -> Answer:
        asked = (full.registry, wanted.insecure)
        async with self._turn():
            if (silent := self._silent.get(asked)) is not None:
                raise silent
            left = self._until - asyncio.get_running_loop().time()
            if left <= 0:
                raise NoAnswer(full.registry, "the time for this import is over")
            source = self._sources.source(
                full, logins=logins, insecure=wanted.insecure, seconds=self._seconds
            )
            try:
                async with asyncio.timeout(min(left, IMAGE_SECONDS)):
                    return await question(source)
            except NoAnswer as error:
                self._silent[asked] = error
                raise
            except TimeoutError:
                raise NoAnswer(full.registry, "it answers too slowly") from None

    async def _all_of(
        self, source: Source, wanted: Wanted, reference: ImageReference
    ) -> tuple[FetchedImage, tuple[FetchedImage, ...]]:
        named = Digest.parse(reference.id) if reference.id else None
        top = await self._fetch(source, named or Tag.parse(reference.tag or DEFAULT_TAG))
        if top.manifest.media_type not in media_types.INDEXES:
            return top, ()
        if wanted.mode == PRESERVE:
            digests = list(dict.fromkeys(child.digest for child in top.manifest.children))
            if len(digests) > MOST_CHILDREN:
                raise IndexTooLarge(len(digests))
            return top, tuple([await self._fetch(source, one) for one in digests])
        chosen = platforms.choose(top.manifest, self._preferred(wanted.to), server=self._server)
        return (top if chosen is None else await self._fetch(source, chosen)), ()

    async def _fetch(self, source: Source, reference: Digest | Tag) -> FetchedImage:
        found = await source.manifest(reference)
        manifest = manifests.parse(found.raw, found.media_type)
        config = None
        if manifest.media_type in media_types.IMAGES:
            config = await _config(source, manifest)
        return FetchedImage(found.digest, manifest, config)


async def _config(source: Source, manifest: Manifest) -> bytes:
    """The whole of a small blob; its size is what the manifest says, or the source has raised."""
    described = manifest.blobs[0]
    if described.size > CONFIG_LIMIT:
        raise ConfigTooLarge
    return b"".join([part async for part in source.blob(described.digest, described.size)])
