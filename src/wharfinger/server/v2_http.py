"""
One request to the registry as its handlers see it, and their answers on the wire.

Written on ASGI itself: a blob goes out as a file that the server sends (`http.response.pathsend`)
without its bytes passing through Python, and a body comes in as the chunks that arrived.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from wharfinger.cluster.authenticate import Grant
from wharfinger.errors import BadInput, NotFound, TooLarge, Unsupported
from wharfinger.oci.digest import Digest
from wharfinger.oci.names import RepositoryName, Tag
from wharfinger.registry.errors import SizeMismatch, UploadInterrupted
from wharfinger.registry.metadata import StoredManifest
from wharfinger.registry.registry import Blob, Registry
from wharfinger.server.v2_policy import Need, Policy

VERSION: Final = (b"docker-distribution-api-version", b"registry/2.0")
JSON: Final = "application/json"

_BODILESS: Final = frozenset({204, 304})
_PATHSEND: Final = "http.response.pathsend"


class BodyTooLarge(TooLarge):
    code = "body-too-large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"cannot take a body of more than {limit} bytes here")
        self.limit = limit


class InvalidParameter(BadInput):
    code = "invalid-parameter"


class NoSuchRoute(NotFound):
    code = "no-such-route"

    def __init__(self) -> None:
        super().__init__("cannot find this path in the registry's interface")


class MethodNotAllowed(Unsupported):
    code = "method-not-allowed"

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        super().__init__(f"cannot {method} here", remedy=f"the methods are {', '.join(allowed)}")
        self.allowed = tuple(allowed)


@dataclass(slots=True)
class Answer:
    """`body`, or `length` bytes out of a `file` (whole) or of `parts`."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    file: Path | None = None
    parts: AsyncIterator[bytes] | None = None
    length: int | None = None

    async def send(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = len(self.body) if self.length is None else self.length
        headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        headers.append(VERSION)
        if self.status not in _BODILESS:
            headers.append((b"content-length", str(length).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        if scope["method"] == "HEAD" or not length:
            await send({"type": "http.response.body", "body": b""})
        elif self.file is not None and _PATHSEND in scope.get("extensions", ()):
            await send({"type": _PATHSEND, "path": str(self.file)})
        elif self.parts is not None:
            await _stream(self.parts, receive, send)
        else:
            await send({"type": "http.response.body", "body": self.body})


async def _stream(parts: AsyncIterator[bytes], receive: Receive, send: Send) -> None:
    """Send until the client goes away: `send` itself would not say so."""
    gone = asyncio.ensure_future(_gone(receive))
    try:
        async for part in parts:
            if gone.done():
                return
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Content(Protocol):
    """What a repository holds, for those who read it: of the registry, or of what stands over it."""

    async def manifest(self, name: RepositoryName, reference: Digest | Tag) -> StoredManifest: ...

    async def blob(self, name: RepositoryName, digest: Digest) -> Blob: ...

    def read_blob(self, blob: Blob, start: int, stop: int) -> AsyncIterator[bytes]: ...

    async def tags(self, name: RepositoryName, after: str, limit: int) -> list[Tag]: ...


class Told(Protocol):
    """Who is told of what has changed in the registry, before the client reads its answer."""

    def known(self, name: RepositoryName) -> bool:
        """Whether the repository is there in their eyes, though it may have no content yet."""
        ...

    async def pushed(self, name: RepositoryName, tag: Tag | None, digest: Digest) -> None:
        """A manifest was put; may raise if it is gone by now."""
        ...

    async def moved(self, name: RepositoryName, tag: Tag) -> None:
        """A tag was deleted."""
        ...

    async def agree(self, name: RepositoryName) -> None:
        """Any of the tags may have been deleted."""
        ...


@dataclass(slots=True)
class Call:
    """A request whose caller has what its route needs."""

    request: Request
    registry: Registry
    content: Content
    streams: Told
    policy: Policy
    caller: Grant
    need: Need
    parameters: Mapping[str, str]
    named: RepositoryName | None

    @property
    def name(self) -> RepositoryName:
        assert self.named is not None, "the route has no name in its path"
        return self.named

    @property
    def content_length(self) -> int | None:
        """The announced length of the body; None if it is not known before its end."""
        text = self.header("content-length")
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise InvalidParameter(f"cannot read the Content-Length {text[:40]!r}")
        return int(text)

    def header(self, name: str) -> str | None:
        return self.request.headers.get(name)

    def query(self, name: str) -> str | None:
        return self.request.query_params.get(name)

    async def require(self) -> None:
        """Raise unless the caller has, now, what the route needs."""
        if self.named is None:
            self.policy.require_registry(self.caller, self.need)
            return
        exists = self.need is not Need.PUSH or await self._exists(self.named)
        self.policy.require(self.caller, self.need, self.named, exists=exists)

    async def _exists(self, name: RepositoryName) -> bool:
        return self.streams.known(name) or await self.registry.exists(name)

    @asynccontextmanager
    async def permitted(self) -> AsyncIterator[None]:
        """Around making something visible: the right is asked again, and holds till the end.

        Between the start of a body and its end hours may pass, in which the right, or the
        whole project, went away.
        """
        with self.registry.writing(self.name.project):
            await self.require()
            yield

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives; raise unless exactly the announced length comes."""
        announced, received = self.content_length, 0
        more = True
        while more:
            message = await self.request.receive()
            if message["type"] == "http.disconnect":
                raise UploadInterrupted
            chunk: bytes = message.get("body", b"")
            more = message.get("more_body", False)
            received += len(chunk)
            if chunk:
                yield chunk
        if announced is not None and received != announced:
            raise SizeMismatch(announced, received)

    async def body(self, limit: int) -> bytes:
        """A small body; raise `BodyTooLarge` before more than `limit` bytes are kept."""
        if (self.content_length or 0) > limit:
            raise BodyTooLarge(limit)
        parts: list[bytes] = []
        size = 0
        async for chunk in self.chunks():
            size += len(chunk)
            if size > limit:
                raise BodyTooLarge(limit)
            parts.append(chunk)
        return b"".join(parts)


Handler = Callable[[Call], Awaitable[Answer]]
