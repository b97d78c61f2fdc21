"""
A repository that is to be had in several places: mirrors first, as a rule, and the original last.

Each question goes to the places in their order until one answers. A place that has not got it, or cannot
be asked, is passed over, and `passed_over` says why. Bytes that are not those of their digest end the
question: whoever hands them out is broken or lies, and to go on in silence would hide it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from wharfinger.oci.digest import Digest
from wharfinger.oci.manifest import Descriptor
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.remote.errors import BlobAbsent, ManifestAbsent, RemoteError, WrongContent
from wharfinger.remote.repository import RemoteManifest, Source

Answer = TypeVar("Answer")


class Mirrored(Source):
    """`places` has one at least. The name is that of the last, whoever answers."""

    def __init__(self, places: Sequence[Source]) -> None:
        self._places = list(places)
        self._silent: list[Source] = []
        self.answered: ImageReference | None = None
        """Who answered last."""
        self.passed_over: list[tuple[ImageReference, RemoteError]] = []

    @property
    def name(self) -> ImageReference:
        return self._places[-1].name

    async def manifest(self, reference: Digest | Tag) -> RemoteManifest:
        return await self._first(lambda place: place.manifest(reference))

    async def digest(self, tag: Tag) -> Digest:
        return await self._first(lambda place: place.digest(tag))

    async def tags(self, *, limit: int | None = None) -> list[str]:
        return await self._first(lambda place: place.tags(limit=limit))

    async def referrers(self, subject: Digest) -> list[Descriptor]:
        return await self._first(lambda place: place.referrers(subject))

    async def blob(self, digest: Digest, size: int) -> AsyncIterator[bytes]:
        for place in self._left():
            begun = False
            pieces = place.blob(digest, size)
            try:
                async for piece in pieces:
                    begun = True
                    yield piece
            except RemoteError as error:
                if begun:  # what was handed on cannot be taken back
                    raise
                self._pass_over(place, error)
            else:
                self.answered = place.name
                return
            finally:
                if isinstance(pieces, AsyncGenerator):
                    await pieces.aclose()

    async def _first(self, question: Callable[[Source], Awaitable[Answer]]) -> Answer:
        for place in self._left():
            try:
                found = await question(place)
            except RemoteError as error:
                self._pass_over(place, error)
            else:
                self.answered = place.name
                return found
        raise AssertionError  # the last place is always asked, and its error is raised

    def _left(self) -> list[Source]:
        """Without those that could not be asked before: each would take its time again."""
        return [place for place in self._places if place not in self._silent]

    def _pass_over(self, place: Source, error: RemoteError) -> None:
        if place is self._places[-1] or isinstance(error, WrongContent):
            raise error
        self.passed_over.append((place.name, error))
        if not isinstance(error, (ManifestAbsent, BlobAbsent)):
            self._silent.append(place)
