"""A Kubernetes API that answers as a test tells it to, in the event loop of the test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from wharfinger.maintenance.kube.server import Server

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    certificate: bytes | None
    """That of the client, in DER."""


@dataclass
class ScriptedApi:
    """Answers come in the order in which they are told; what is asked beyond them fails the test."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    _answers: list[Answer] = field(default_factory=list)

    @property
    def server(self) -> Server:
        return Server(self.url)

    def says(self, document: object, status: int = 200, **headers: str) -> None:
        """`Retry_After="1"` is a header."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        async def answer(request: web.Request) -> web.Response:
            return web.Response(status=status, body=body, headers=named)

        self._answers.append(answer)

    def streams(self, *parts: bytes, then_hangs: bool = False) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            for part in parts:
                await response.write(part)
            if then_hangs:
                await asyncio.Event().wait()
            return response

        self._answers.append(answer)

    def hangs(self) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            await asyncio.Event().wait()
            raise AssertionError

        self._answers.append(answer)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.seen.append(
            Seen(
                request.method,
                request.raw_path.partition("?")[0],
                dict(request.query),
                dict(request.headers),
                json.loads(body) if body else None,
                _certificate(request),
            )
        )
        if not self._answers:
            return web.Response(status=418, text=f"nobody expected {request.raw_path}")
        return await self._answers.pop(0)(request)


def _certificate(request: web.Request) -> bytes | None:
    channel = request.get_extra_info("ssl_object")
    shown: bytes | None = channel.getpeercert(binary_form=True) if channel is not None else None
    return shown


@asynccontextmanager
async def serving(**how: Any) -> AsyncIterator[ScriptedApi]:
    """`how` as `aiohttp` has it: `ssl` makes it one with TLS."""
    api = ScriptedApi()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", api.handle)
    server = TestServer(app)
    await server.start_server(shutdown_timeout=0.1, **how)
    api.url = str(server.make_url("")).rstrip("/")
    try:
        yield api
    finally:
        await server.close()
