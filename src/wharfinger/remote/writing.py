"""
A repository of a registry that speaks HTTP, written to.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#push

A blob goes out with one request once its upload has begun; since its bytes come from elsewhere and come
only once, a failed one is for the caller to send again. All else is asked again where that may help.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from wharfinger.oci.digest import Digest
from wharfinger.oci.names import Tag
from wharfinger.oci.reference import ImageReference
from wharfinger.remote.endpoint import Endpoint
from wharfinger.remote.errors import ManifestAbsent, NotOffered, WrongContent
from wharfinger.remote.exchange import Answer, Follow, Request, Scopes
from wharfinger.remote.reading import RemoteSource
from wharfinger.remote.repository import RemoteManifest, Target

PUT_AWAY: Final = 300.0
"""Seconds that a registry may take with a blob that it has got whole."""

_DONE: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})
_NOT_DONE_HERE: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.METHOD_NOT_ALLOWED})


class RemoteTarget(RemoteSource, Target):
    def __init__(self, endpoint: Endpoint, name: ImageReference, *, seconds: float) -> None:
        super().__init__(endpoint, name, seconds=seconds)
        self._push: Scopes = (f"repository:{name.repository}:pull,push",)
        self._begun: dict[Digest, str] = {}

    async def has_blob(self, digest: Digest) -> bool:
        target = f"{self._root}/blobs/{digest}"
        answer = await self._ask(
            Request(method="HEAD", target=target, scopes=self._push, follow=Follow.NOT)
        )
        if answer.status == HTTPStatus.NOT_FOUND:
            return False
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise self.endpoint.unexpected(answer.status, target)
        return True  # it is there, or somewhere else that the registry knows

    async def mount(self, digest: Digest, source: ImageReference) -> bool:
        query = urlencode({"mount": str(digest), "from": source.repository})
        target = f"{self._root}/blobs/uploads/?{query}"
        scopes = (*self._push, f"repository:{source.repository}:pull")
        answer = await self._ask(Request(method="POST", target=target, scopes=scopes))
        if answer.status == HTTPStatus.ACCEPTED:  # it has begun an upload instead
            self._begun[digest] = self._location(target, answer)
        return answer.status == HTTPStatus.CREATED

    async def put_blob(self, digest: Digest, size: int, chunks: AsyncIterable[bytes]) -> None:
        upload = self._begun.pop(digest, None) or await self._begin()
        query = urlencode({"digest": str(digest)})
        target = f"{upload}{'&' if '?' in upload else '?'}{query}"
        status = await self._send(target, _Body(self.endpoint.place, chunks, size, self._seconds))
        if status != HTTPStatus.CREATED:
            raise self.endpoint.unexpected(status, target)

    async def put_manifest(self, reference: Digest | Tag, manifest: RemoteManifest) -> None:
        target = f"{self._root}/manifests/{reference}"
        answer = await self._ask(
            Request(
                method="PUT",
                target=target,
                scopes=self._push,
                headers={"Content-Type": manifest.media_type},
                body=manifest.raw,
            )
        )
        if answer.status not in _DONE:
            raise self.endpoint.unexpected(answer.status, target)

    async def delete(self, reference: Digest | Tag) -> None:
        target = f"{self._root}/manifests/{reference}"
        scopes = (f"repository:{self.name.repository}:delete",)
        answer = await self._ask(Request(method="DELETE", target=target, scopes=scopes))
        if answer.status == HTTPStatus.NOT_FOUND:
            raise self._absent(reference)
        if answer.status in _NOT_DONE_HERE:
            what = "tags" if isinstance(reference, Tag) else "manifests"
            raise NotOffered(self._place, f"it does not remove {what} ({answer.status})")
        if answer.status not in _DONE:
            raise self.endpoint.unexpected(answer.status, target)

    async def _begin(self) -> str:
        target = f"{self._root}/blobs/uploads/"
        answer = await self._ask(Request(method="POST", target=target, scopes=self._push))
        if answer.status == HTTPStatus.NOT_FOUND:
            raise ManifestAbsent(self._place, f"it has no {self.name.repository}")
        if answer.status != HTTPStatus.ACCEPTED:
            raise self.endpoint.unexpected(answer.status, target)
        return self._location(target, answer)

    def _location(self, target: str, answer: Answer) -> str:
        return self.endpoint.next_target(target, answer.headers.get("location", ""))

    async def _send(self, target: str, body: _Body) -> int:
        request = Request(
            method="PUT",
            target=target,
            scopes=self._push,
            headers={"Content-Type": "application/octet-stream", "Content-Length": str(body.size)},
            body=body,
        )
        try:
            async with asyncio.timeout(self._seconds) as body.timer:
                answer = await self.endpoint.open(request)
                answer.release()
                return answer.status
        except TimeoutError:
            raise self.endpoint.late(self._seconds) from None
        except Exception:
            if body.trouble is not None:  # what it could not be given is no fault of the registry
                raise body.trouble from None
            raise


class _Body(AsyncIterable[bytes]):
    """What is sent. The registry has a time to take each piece; a piece may take any time to come."""

    def __init__(self, place: str, chunks: AsyncIterable[bytes], size: int, seconds: float) -> None:
        self._place, self._chunks, self._seconds = place, chunks, seconds
        self.size = size
        self.timer: asyncio.Timeout | None = None
        self.trouble: Exception | None = None

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        sent = 0
        self._let(None)
        try:
            async for chunk in self._chunks:
                sent += len(chunk)
                if sent > self.size:
                    break
                self._let(self._seconds)
                yield chunk
                self._let(None)
            if sent != self.size:
                raise WrongContent(self._place, f"there are no {self.size} bytes to send, or more")
        except Exception as error:
            self.trouble = error
            raise
        self._let(PUT_AWAY)

    def _let(self, seconds: float | None) -> None:
        assert self.timer is not None
        now = asyncio.get_running_loop().time()
        self.timer.reschedule(None if seconds is None else now + seconds)
