"""
A server that answers as a test tells it to, well or badly: it may cut, hang, lie and drip.

It runs in the event loop of the test. Nothing in it depends on time: what hangs does so until it is closed.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from wharfinger.oci.digest import Digest
from wharfinger.oci.registry_host import RegistryHost


@dataclass
class Asked:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def login(self) -> str | None:
        return self.headers.get("authorization")


@dataclass
class Reply:
    """`sent` is how much of the body really goes out; then the connection is cut, or hangs."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    sent: int | None = None
    hangs: bool = False
    drips: bool = False
    """Byte for byte, and no end."""
    raw: bytes | None = None
    """In place of all else."""


_TLS = b"\x16"
"""What a client begins with that wants TLS; a server without it says that this is no HTTP."""

Script = Reply | list[Reply] | Callable[[Asked], Reply]
"""One reply, several of which the last one stays, or what makes them."""


@dataclass
class Hostile:
    answers: dict[str, Script] = field(default_factory=dict)
    """By `METHOD TARGET`, `TARGET`, or the target without its query."""
    otherwise: Callable[[Asked], Reply] = lambda _: Reply(404)
    """For what is not among the answers."""
    seen: list[Asked] = field(default_factory=list)
    stalled: set[str] = field(default_factory=set)
    """Paths whose requests have bodies that are never read."""
    port: int = 0
    tls: bool = False
    tried_tls: int = 0
    """How often TLS was tried where there is none."""
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def registry(self) -> RegistryHost:
        return RegistryHost.parse(self.host)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}"

    @property
    def targets(self) -> list[str]:
        return [one.target for one in self.seen]

    @property
    def logins(self) -> list[str | None]:
        return [one.login for one in self.seen]

    def has_blob(self, repository: str, content: bytes, **more: Any) -> Digest:
        digest = Digest.of(content)
        self.answers[f"/v2/{repository}/blobs/{digest}"] = Reply(body=content, **more)
        return digest

    def _reply(self, asked: Asked) -> Reply:
        path = asked.target.partition("?")[0]
        for key in (f"{asked.method} {asked.target}", f"{asked.method} {path}", asked.target, path):
            script = self.answers.get(key)
            if script is None:
                continue
            if isinstance(script, list):
                return script.pop(0) if len(script) > 1 else script[0]
            return script(asked) if callable(script) else script
        return self.otherwise(asked)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (asked := await self._read(reader, writer)) is not None:
                self.seen.append(asked)
                reply = self._reply(asked)
                whole = await self._answer(writer, asked, reply)
                if reply.hangs:
                    await self.closed.wait()
                if not whole:
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _read(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Asked | None:
        head = await reader.readexactly(1)
        if head == _TLS:
            self.tried_tls += 1
            await reader.read(1 << 16)
            writer.write(b"HTTP/1.1 400 This is no HTTP\r\n\r\n")
            return None
        head += await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        if not first.endswith("HTTP/1.1"):
            return None
        method, target, _ = first.split(" ")
        pairs = (line.split(": ", 1) for line in lines if line)
        headers = {name.lower(): value for name, value in pairs}
        if target.partition("?")[0] in self.stalled:
            await self.closed.wait()
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Asked(method, target, headers, body)

    async def _answer(self, writer: asyncio.StreamWriter, asked: Asked, reply: Reply) -> bool:
        if reply.raw is not None:
            writer.write(reply.raw)
            await writer.drain()
            return False
        headers = {"Content-Length": str(len(reply.body)), **reply.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
        writer.write(f"HTTP/1.1 {reply.status} Tide\r\n{head}\r\n".encode("latin-1"))
        body = b"" if asked.method == "HEAD" else reply.body[: reply.sent]
        writer.write(body)
        await writer.drain()
        while reply.drips and not self.closed.is_set():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0)
        return (
            reply.sent is None
            and not reply.hangs
            and headers["Content-Length"] == str(len(reply.body))
        )


def said(document: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, headers, json.dumps(document).encode())


def challenged(challenge: str, then: Reply, *, accepts: str) -> Callable[[Asked], Reply]:
    """401 with `challenge` to all but who is authorized as `accepts`."""
    refused = Reply(401, {"WWW-Authenticate": challenge}, b"{}")
    return lambda asked: then if asked.login == accepts else refused


@asynccontextmanager
async def serving(
    trust: ssl.SSLContext | None = None, *, address: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Hostile]:
    script = Hostile(tls=trust is not None)
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await script.serve(reader, writer)
        tasks.discard(task)

    server = await asyncio.start_server(handle, address, port, ssl=trust)
    script.port = server.sockets[0].getsockname()[1]
    try:
        yield script
    finally:
        script.closed.set()
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
