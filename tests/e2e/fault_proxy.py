"""
A proxy in front of a server that does to requests what networks and busy API servers do to them.

It shows the certificate of the server, so that a kubeconfig needs another address and nothing else.
A test says which requests are hit, how, and how often; all others pass. Nothing depends on time: what
hangs does so until the client gives up or the proxy is closed.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

import aiohttp
from aiohttp import web
from yarl import URL

from e2e import machine
from e2e.wharf import Wharf

_OWN_HEADERS = ("Connection", "Host", "Keep-Alive", "Transfer-Encoding", "Content-Length")


class Fault(Enum):
    CUT_BEFORE = auto()
    """The connection breaks, and the server has not seen the request."""
    CUT_AFTER = auto()
    """The server acts, and the connection breaks instead of an answer."""
    HANG = auto()
    """The server acts, and no answer comes."""
    SILENT = auto()
    """The head of the answer comes, and none of its content: a watch that has died unnoticed."""
    HALF_A_LINE = auto()
    """The answer breaks off within its first line."""
    ANSWER = auto()
    """The server has not seen the request; the answer is that of the test."""


@dataclass(slots=True)
class Plan:
    """What is done to the next `times` requests that match."""

    method: str
    path: re.Pattern[str]
    """Searched for in the path with its query."""
    fault: Fault
    times: int
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Passed:
    """A request that the server has seen, and its answer."""

    method: str
    path: str
    status: int


def said(
    status: int, reason: str, message: str = "so says the test", *, cause: str = ""
) -> dict[str, object]:
    """A `Status` as the API answers with it."""
    causes = [{"reason": cause, "message": f"because of {cause}"}] if cause else []
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "reason": reason,
        "message": message,
        "details": {"causes": causes},
        "code": status,
    }


class FaultProxy:
    """Runs in a thread of its own, so that tests of commands and of coroutines can use it."""

    def __init__(self, wharf: Wharf) -> None:
        self.wharf = wharf
        self.port = machine.free_port()
        self.passed: list[Passed] = []
        self.struck: list[Plan] = []
        """A plan for each request that was hit."""
        self._plans: list[Plan] = []
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()))

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def kubeconfig(self, folder: Path) -> Path:
        """That of the administrator, by way of the proxy."""
        path = folder / "proxied.kubeconfig"
        path.write_text(self.wharf.kubeconfig.read_text().replace(self.wharf.url, self.url))
        return path

    def strike(self, method: str, path: str, fault: Fault, *, times: int = 1) -> None:
        self._plans.append(Plan(method, re.compile(path), fault, times))

    def answer(
        self,
        method: str,
        path: str,
        status: int,
        document: object = None,
        *,
        times: int = 1,
        **headers: str,
    ) -> None:
        """Answer so instead of the server; `Retry_After="1"` is a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = b"" if document is None else json.dumps(document).encode()
        plan = Plan(method, re.compile(path), Fault.ANSWER, times, status, named, body)
        self._plans.append(plan)

    def left(self) -> list[Plan]:
        """What has still to be done to requests to come."""
        return [plan for plan in self._plans if plan.times > 0]

    def heal(self) -> None:
        """Let everything pass from now on."""
        self._plans.clear()

    def accepted(self, method: str, path: str) -> list[str]:
        """The paths of what the server has seen and taken, of requests that match."""
        return [
            one.path
            for one in self.passed
            if one.method == method and re.search(path, one.path) and one.status < 300
        ]

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(30), "the proxy does not come up"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        app = web.Application(client_max_size=0)
        app.router.add_route("*", "/{rest:.*}", self._handle)
        # What hangs ends with its client.
        runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trust.load_cert_chain(self.wharf.state / "tls.crt", self.wharf.state / "tls.key")
        connector = aiohttp.TCPConnector(limit=0, ssl=self.wharf.context() or False)
        async with aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),
        ) as self._session:
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", self.port, ssl_context=trust)
            await site.start()
            self._ready.set()
            await self._over.wait()
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        plan = self._plan_for(request)
        if plan is not None and plan.fault is Fault.ANSWER:
            return web.Response(
                status=plan.status,
                body=plan.body,
                headers={"Content-Type": "application/json", **plan.headers},
            )
        if plan is not None and plan.fault is Fault.CUT_BEFORE:
            return _cut(request)
        answer = await self._session.request(
            request.method,
            URL(self.wharf.url + request.raw_path, encoded=True),
            data=await request.read(),
            headers={k: v for k, v in request.headers.items() if k not in _OWN_HEADERS},
            allow_redirects=False,
        )
        self.passed.append(Passed(request.method, request.raw_path, answer.status))
        async with answer:
            if plan is not None and plan.fault is Fault.CUT_AFTER:
                return _cut(request)
            if plan is not None and plan.fault is Fault.HANG:
                await asyncio.Event().wait()
            return await _pass_on(request, answer, plan.fault if plan is not None else None)

    def _plan_for(self, request: web.Request) -> Plan | None:
        for plan in self._plans:
            matches = plan.method == request.method and plan.path.search(request.raw_path)
            if matches and plan.times > 0:
                plan.times -= 1
                self.struck.append(plan)
                return plan
        return None


async def _pass_on(
    request: web.Request, answer: aiohttp.ClientResponse, fault: Fault | None
) -> web.StreamResponse:
    kept = {k: v for k, v in answer.headers.items() if k not in _OWN_HEADERS}
    response = web.StreamResponse(status=answer.status, headers=kept)
    await response.prepare(request)
    if fault is Fault.SILENT:
        await asyncio.Event().wait()
    async for part in answer.content.iter_any():
        if fault is Fault.HALF_A_LINE:
            await response.write(part[: len(part.partition(b"\n")[0]) // 2])
            return _cut(request, response)
        await response.write(part)
    await response.write_eof()
    return response


def _cut(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    """End the connection without a word."""
    if request.transport is not None:
        request.transport.abort() if response is None else request.transport.close()
    return response or web.Response()


@contextmanager
def before(wharf: Wharf) -> Iterator[FaultProxy]:
    """A fault that has hit nothing has proved nothing, and fails the test."""
    proxy = FaultProxy(wharf)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
    assert not proxy.left(), "these have hit nothing"
