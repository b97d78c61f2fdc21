"""The object API as an ASGI app over memory, and a client that speaks ASGI to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest

from wharfinger.cluster.admission import NamespaceLifecycle
from wharfinger.cluster.authorize import Access, Decision
from wharfinger.cluster.cache import Cache
from wharfinger.cluster.kinds import NAMESPACE
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.reviews import SelfReviews
from wharfinger.cluster.stores.memory import MemoryStore
from wharfinger.cluster.subject import ANONYMOUS, AUTHENTICATED, SYSTEM, Subject
from wharfinger.server import guard, kube, kube_errors
from wharfinger.server.errors import ErrorEdge

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


class Rights:
    """Everything is allowed until `only` says what is; and all that was asked."""

    def __init__(self) -> None:
        self.allowed: set[Access] | None = None
        self.asked: list[Access] = []

    def only(self, *allowed: Access) -> None:
        self.allowed = set(allowed)

    def decide(self, subject: Subject, access: Access) -> Decision:
        self.asked.append(access)
        return Decision(self.allowed is None or access in self.allowed, "by the list")


class Answer:
    """What came back so far; `finished` when the last part was sent."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.body = b""
        self.finished = False
        self.news = asyncio.Event()
        self.gate = asyncio.Event()  # cleared: the client takes nothing more
        self.gate.set()

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.body.splitlines()]

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [(key.decode(), value.decode()) for key, value in message["headers"]]
        else:
            self.body += message.get("body", b"")
            self.finished = not message.get("more_body", False)
        self.news.set()
        await self.gate.wait()

    async def until_started(self) -> None:
        async with asyncio.timeout(5):
            while not self.status:
                self.news.clear()
                await self.news.wait()

    async def until_lines(self, count: int) -> list[Any]:
        async with asyncio.timeout(5):
            while len(self.lines) < count:
                self.news.clear()
                await self.news.wait()
        return self.lines


class Client:
    def __init__(self, app: Any, state: Any) -> None:
        self._app, self._state = app, state
        self.subject = Subject("alice", groups=(AUTHENTICATED,))

    async def __call__(self, method: str, target: str, body: Any = None, **headers: str) -> Answer:
        """One whole request; `headers` with _ for -."""
        task, answer, _ = self.begin(method, target, body, **headers)
        await task
        return answer

    def begin(
        self, method: str, target: str, body: Any = None, **headers: str
    ) -> tuple[asyncio.Task[None], Answer, asyncio.Event]:
        """A request that goes on until the event is set: then the client goes away."""
        path, _, query = target.partition("?")
        data = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        scope = {
            "type": "http",
            "method": method,
            "scheme": "https",
            "server": ("registry.test", 5000),
            "path": unquote(path),
            "query_string": query.encode(),
            "headers": [(key.encode(), value.encode()) for key, value in named.items()],
            "app": SimpleNamespace(state=self._state),
            guard.SUBJECT: self.subject,
        }
        incoming, leave, answer = [data], asyncio.Event(), Answer()

        async def receive() -> Any:
            if incoming:
                return {"type": "http.request", "body": incoming.pop(), "more_body": False}
            await leave.wait()
            return {"type": "http.disconnect"}

        return asyncio.ensure_future(self._app(scope, receive, answer.send)), answer, leave

    def anonymous(self) -> None:
        self.subject = ANONYMOUS


@pytest.fixture
def rights() -> Rights:
    return Rights()


@pytest.fixture
async def objects() -> AsyncIterator[Objects]:
    cache = await Cache.open(MemoryStore(), keep=100)
    objects = Objects(cache, (NamespaceLifecycle(cache),), now=lambda: NOON)
    await objects.create(NAMESPACE, "", {"metadata": {"name": "dock"}}, SYSTEM)
    yield objects
    await cache.close()


@pytest.fixture
def client(objects: Objects, rights: Rights) -> Client:
    app = kube.Kube(kube.endpoints(objects, [SelfReviews()]), now=lambda: NOON)
    bodies = dict.fromkeys(("api", "apis", "oapi", "openapi", "version"), kube_errors.body)
    return Client(ErrorEdge(app, bodies), SimpleNamespace(authorizer=rights, cache=objects.cache))
