"""
Clients of the object API that cost little beside the server on the same machine: TLS connections that
stay open, requests made beforehand, and answers of which only the head is looked at.

Each creator is a process, so that sixteen of them do not wait for one interpreter. The watchers share
one process and one epoll, and count lines without reading them.
"""

from __future__ import annotations

import multiprocessing
import select
import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.wire import Head, UnexpectedAnswer

_PIECE: Final = 1 << 18
_EVENT: Final = b'"type":"MODIFIED"'
_LONGEST: Final = 30.0  # seconds that an update may take to reach everybody


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, whom it is signed by, and who asks."""

    port: int
    authority: Path
    token: str

    def request(self, method: str, path: str, body: bytes = b"", form: str = "") -> bytes:
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            f"Authorization: Bearer {self.token}",
        ]
        if body:
            lines += [f"Content-Type: {form or 'application/json'}", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def connect(self) -> Connection:
        context = ssl.create_default_context(cafile=str(self.authority))
        plain = socket.create_connection(("127.0.0.1", self.port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Connection(context.wrap_socket(plain, server_hostname="127.0.0.1"))


class Connection:
    def __init__(self, stream: ssl.SSLSocket) -> None:
        self.stream = stream

    def ask(self, request: bytes) -> tuple[Head, bytes]:
        """The whole answer; it must tell its length."""
        head, first = self.begin(request)
        body = bytearray(first)
        while len(body) < head.length:
            body += self._some()
        return head, bytes(body)

    def begin(self, request: bytes) -> tuple[Head, bytes]:
        """The head of an answer, and what came of its body."""
        self.stream.sendall(request)
        answer = b""
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self._some()
        return Head(answer[:end]), answer[end + 4 :]

    def close(self) -> None:
        self.stream.close()

    def _some(self) -> bytes:
        if part := self.stream.recv(_PIECE):
            return part
        raise UnexpectedAnswer("the connection ended early")


@dataclass(frozen=True, slots=True)
class Created:
    """What came of many creations at once."""

    seconds: float
    slowest: float  # the 99th percentile of one creation, in seconds
    client: float  # seconds of CPU time that the clients used


def create(address: Address, path: str, bodies: Sequence[Sequence[bytes]]) -> Created:
    """Create what is in `bodies`, a process for each of its items."""
    fork = multiprocessing.get_context("fork")
    barrier, results = fork.Barrier(len(bodies) + 1), fork.SimpleQueue()

    def work(mine: Sequence[bytes]) -> None:
        connection = address.connect()
        requests = [address.request("POST", path, body) for body in mine]
        barrier.wait()
        before, taken = time.process_time(), []
        for request in requests:
            start = time.perf_counter()
            connection.ask(request)[0].expect(201)
            taken.append(time.perf_counter() - start)
        results.put((taken, time.process_time() - before))

    processes = [fork.Process(target=work, args=(mine,), daemon=True) for mine in bodies]
    for process in processes:
        process.start()
    barrier.wait()
    start = time.perf_counter()
    found = [results.get() for _ in processes]
    seconds = time.perf_counter() - start
    for process in processes:
        process.join()
    taken = sorted(one for mine, _ in found for one in mine)
    return Created(seconds, taken[len(taken) * 99 // 100], sum(cost for _, cost in found))


class Watchers:
    """Many watches of one kind, and a connection that changes an object of it."""

    def __init__(self, address: Address, path: str, count: int) -> None:
        self._address = address
        self._poll = select.epoll()
        self._watches: dict[int, ssl.SSLSocket] = {}
        for _ in range(count):
            connection = address.connect()
            connection.begin(address.request("GET", path))[0].expect(200)
            connection.stream.setblocking(False)
            self._watches[connection.stream.fileno()] = connection.stream
            self._poll.register(connection.stream.fileno(), select.EPOLLIN)
        self._writer = address.connect()  # last, since the server drops who asks nothing for long

    def update(self, method: str, path: str, body: bytes, form: str) -> list[float]:
        """Send a change; the seconds from then on after which each watch has shown it."""
        request = self._address.request(method, path, body, form)
        start = time.perf_counter()
        self._writer.stream.sendall(request)
        seen: dict[int, float] = {}
        while len(seen) < len(self._watches):
            if time.perf_counter() - start > _LONGEST:
                raise UnexpectedAnswer(f"{len(seen)} of {len(self._watches)} watches saw it")
            for number, _ in self._poll.poll(_LONGEST):
                if self._shows(self._watches[number]):
                    seen[number] = time.perf_counter() - start
        Head(self._writer.stream.recv(_PIECE)).expect(200)
        return sorted(seen.values())

    def close(self) -> None:
        self._writer.close()
        self._poll.close()
        for stream in self._watches.values():
            stream.close()

    def _shows(self, stream: ssl.SSLSocket) -> bool:
        """Read what is there; the end of one piece and the start of the next never split `_EVENT`
        here, since the server sends a line in one piece."""
        shown = False
        try:
            while piece := stream.recv(_PIECE):
                shown = shown or _EVENT in piece
        except ssl.SSLWantReadError:
            return shown
        raise UnexpectedAnswer("a watch ended early")


def split(items: Iterable[bytes], parts: int) -> list[list[bytes]]:
    """Deal `items` out in turn."""
    dealt: list[list[bytes]] = [[] for _ in range(parts)]
    for number, item in enumerate(items):
        dealt[number % parts].append(item)
    return dealt
