"""
A repository of a registry that speaks HTTP, read.

What comes back is held against its digest. What only claims one, the answer to HEAD, is taken for what
a tag means and for nothing else. A layer that has a URL of its own in the manifest is not fetched there.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pull
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from wharfinger.errors import WharfingerError
from wharfinger.oci import manifest as manifests
from wharfinger.oci import media_types, strict_json
from wharfinger.oci.digest import Digest
from wharfinger.oci.errors import InvalidDigest, InvalidJson
from wharfinger.oci.manifest import Descriptor
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.remote import blob_reading
from wharfinger.remote.blob_reading import Wanted
from wharfinger.remote.endpoint import Endpoint
from wharfinger.remote.errors import ManifestAbsent, NotUnderstood, WrongContent
from wharfinger.remote.exchange import Answer, Request, Scopes, document
from wharfinger.remote.pages import next_page
from wharfinger.remote.repository import RemoteManifest, Source

PAGE: Final = 1_000
PAGES: Final = 200
TAGS: Final = 100_000
REFERRERS: Final = 500
TYPE_LIMIT: Final = 255
"""Characters of a media type; RFC 6838, section 4.2."""

_ACCEPT: Final = {"Accept": ", ".join(sorted(media_types.MANIFESTS))}
_SAYS_NOTHING: Final = frozenset({"", "application/json", "application/octet-stream", "text/plain"})
_DIGEST: Final = "docker-content-digest"


class RemoteSource(Source):
    """`seconds` is the time for each question, and for each piece of a blob."""

    def __init__(self, endpoint: Endpoint, name: ImageReference, *, seconds: float) -> None:
        self.endpoint, self._name, self._seconds = endpoint, name, seconds
        self._root = f"/v2/{name.repository}"
        self._pull: Scopes = (f"repository:{name.repository}:pull",)

    @property
    def name(self) -> ImageReference:
        return self._name

    async def manifest(self, reference: Digest | Tag) -> RemoteManifest:
        target = f"{self._root}/manifests/{reference}"
        answer = await self._ask(Request(target=target, scopes=self._pull, headers=_ACCEPT))
        if answer.status == HTTPStatus.NOT_FOUND:
            raise self._absent(reference)
        if answer.status != HTTPStatus.OK:
            raise self.endpoint.unexpected(answer.status, target)
        media_type = _media_type(answer)
        if media_type in media_types.SCHEMA_1:
            raise NotUnderstood(self._place, f"{reference} is an image of the obsolete schema 1")
        digest = reference if isinstance(reference, Digest) else _claimed(answer)
        digest = digest or Digest.of(answer.body)
        if not digest.matches(answer.body):
            raise WrongContent(self._place, f"it sent another manifest than that of {digest}")
        return RemoteManifest(digest, media_type, answer.body)

    async def digest(self, tag: Tag) -> Digest:
        target = f"{self._root}/manifests/{tag}"
        answer = await self._ask(
            Request(method="HEAD", target=target, scopes=self._pull, headers=_ACCEPT)
        )
        if answer.status == HTTPStatus.NOT_FOUND:
            raise self._absent(tag)
        found = _claimed(answer) if answer.status == HTTPStatus.OK else None
        return found or (await self.manifest(tag)).digest

    async def tags(self, *, limit: int | None = None) -> list[str]:
        found: dict[str, None] = {}
        most = TAGS if limit is None else min(limit, TAGS)
        query = urlencode({"n": min(most, PAGE)})
        target: str | None = f"{self._root}/tags/list?{query}"
        async with self._in_time():
            for _ in range(PAGES):
                assert target is not None
                answer = await self._ask(Request(target=target, scopes=self._pull))
                if answer.status == HTTPStatus.NOT_FOUND:
                    raise self._absent()
                if answer.status != HTTPStatus.OK:
                    raise self.endpoint.unexpected(answer.status, target)
                found.update(dict.fromkeys(_tags(answer, self._place)))
                target = next_page(self.endpoint, target, answer)
                if target is None or len(found) >= most:
                    break
        if target is not None and limit is None:
            raise NotUnderstood(self._place, f"its list of tags has no end ({len(found)} so far)")
        return list(found)[:most]

    async def referrers(self, subject: Digest) -> list[Descriptor]:
        found: list[Descriptor] = []
        target: str | None = f"{self._root}/referrers/{subject}"
        async with self._in_time():
            while target is not None and len(found) < REFERRERS:
                answer = await self._ask(Request(target=target, scopes=self._pull))
                if answer.status != HTTPStatus.OK:  # from before there was such a list
                    return await self._tagged_referrers(subject)
                listed = self._index(RemoteManifest(subject, media_types.OCI_INDEX, answer.body))
                found += listed
                target = next_page(self.endpoint, target, answer) if listed else None
        return found[:REFERRERS]

    def blob(self, digest: Digest, size: int) -> AsyncIterator[bytes]:
        return blob_reading.blob(
            self.endpoint,
            Wanted(
                digest=digest,
                size=size,
                target=f"{self._root}/blobs/{digest}",
                scopes=self._pull,
                seconds=self._seconds,
            ),
        )

    @property
    def _place(self) -> str:
        return self.endpoint.place

    async def _ask(self, request: Request) -> Answer:
        return await self.endpoint.ask(request, seconds=self._seconds)

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        """All pages of a list in the time for one answer."""
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except TimeoutError:
            raise self.endpoint.late(self._seconds) from None

    async def _tagged_referrers(self, subject: Digest) -> list[Descriptor]:
        """https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema"""
        tag = Tag.parse(f"{subject.algorithm}-{subject.hex}"[:128])
        try:
            return self._index(await self.manifest(tag))[:REFERRERS]
        except ManifestAbsent:
            return []

    def _index(self, found: RemoteManifest) -> list[Descriptor]:
        try:
            return list(manifests.parse(found.raw, found.media_type).children)
        except WharfingerError:
            raise NotUnderstood(self._place, "its list of referrers is no index") from None

    def _absent(self, reference: Digest | Tag | None = None) -> ManifestAbsent:
        what = self._name.repository
        if reference is not None:
            what += f"{'@' if isinstance(reference, Digest) else ':'}{reference}"
        return ManifestAbsent(self._place, f"it has no {what}")


def _claimed(answer: Answer) -> Digest | None:
    try:
        return Digest.parse(answer.headers.get(_DIGEST, ""))
    except InvalidDigest:
        return None


def _media_type(answer: Answer) -> str:
    """What the head says, or else the document: some servers hand out files of no known type."""
    stated = _text(media_types.essence(answer.headers.get("content-type", "")))
    if stated not in _SAYS_NOTHING:
        return stated
    try:
        found = strict_json.decode(answer.body)
    except InvalidJson:
        return stated
    written = found.get("mediaType") if isinstance(found, dict) else None
    return _text(written) if isinstance(written, str) else stated


def _text(media_type: str) -> str:
    """As it is if it could be one, else nothing: a head may hold any bytes."""
    plain = media_type.isascii() and media_type.isprintable() and len(media_type) <= TYPE_LIMIT
    return media_type if plain else ""


def _tags(answer: Answer, place: str) -> list[str]:
    """Without what could not be a tag."""
    found: Any = document(answer.body, place)
    listed = found.get("tags", "") if isinstance(found, Mapping) else ""
    if listed is None:  # none, as some registries write it
        return []
    if not isinstance(listed, list):
        raise NotUnderstood(place, "its tags are no list")
    return [one for one in listed if isinstance(one, str) and Tag.find(one) is not None]
