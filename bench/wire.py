"""
A client light enough to measure a server on the same machine: bytes in, bytes out, no parsing to
speak of. Large bodies are sent with sendfile and received into one buffer.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from bench.contenders import Contender

Item = TypeVar("Item")

_BUFFER = 1 << 20
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_LOCATION = re.compile(rb"\r\nlocation: *([^\r]+)", re.IGNORECASE)


class UnexpectedAnswer(Exception):
    """The server did not do what is being measured."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first part of an answer."""

    raw: bytes

    @property
    def status(self) -> int:
        return int(self.raw[9:12])

    @property
    def length(self) -> int:
        match = _LENGTH.search(self.raw)
        return int(match[1]) if match is not None else 0

    @property
    def location(self) -> str:
        """The path and query of the Location header."""
        match = _LOCATION.search(self.raw)
        if match is None:
            raise UnexpectedAnswer(self.raw.decode(errors="replace"))
        parts = urlsplit(match[1].decode())
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def expect(self, status: int) -> Head:
        if self.status != status:
            raise UnexpectedAnswer(self.raw.decode(errors="replace"))
        return self


def request(
    contender: Contender, method: str, path: str, headers: Mapping[str, str | None]
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {contender.host}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([*lines, "", ""]).encode()


def closing(location: str, digest: str) -> str:
    """Where an upload is completed."""
    return f"{location}{'&' if '?' in location else '?'}digest={digest}"


# One large body on a blocking socket


def exchange(contender: Contender, head: bytes, body: Path | None = None) -> Head:
    """Send a request, with a file as its body; take the whole answer and throw its body away."""
    with socket.create_connection(("127.0.0.1", contender.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(head)
        if body is not None:
            with body.open("rb") as file:
                connection.sendfile(file)
        answer = b""
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += _some(connection)
        found = Head(answer[:end])
        missing = found.length - (len(answer) - end - 4)
        buffer = bytearray(_BUFFER)
        while missing > 0:
            count = connection.recv_into(buffer, min(_BUFFER, missing))
            if count == 0:
                raise UnexpectedAnswer("the connection ended early")
            missing -= count
        return found


def _some(connection: socket.socket) -> bytes:
    if part := connection.recv(64 * 1024):
        return part
    raise UnexpectedAnswer("the connection ended early")


# Many small requests on a few connections that stay open


class Connection:
    """One connection: a request at a time, its answer read whole."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, head: bytes, body: bytes = b"") -> Head:
        self._writer.write(head + body)
        found = Head(await self._reader.readuntil(b"\r\n\r\n"))
        if found.length:
            await self._reader.readexactly(found.length)
        return found

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


async def spread(
    contender: Contender,
    items: Iterable[Item],
    act: Callable[[Connection, Item], Awaitable[None]],
    *,
    connections: int,
) -> None:
    """Act on every item, on as many connections as told, each taking the next that is left."""
    queue = iter(items)

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", contender.port)
        connection = Connection(reader, writer)
        for item in queue:
            await act(connection, item)
        await connection.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(work())
