"""Ask an ASGI app without a socket, and the few services that the edge needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace
from urllib.parse import unquote

import pytest

from wharfinger.cluster.authorize import Access, Decision
from wharfinger.cluster.proofs import NotProven
from wharfinger.cluster.subject import AUTHENTICATED, Subject


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self):
        return json.loads(self.body)


async def ask(app, method, target, *, headers=None, body=b"", state=None):
    """Send one whole request and gather its whole answer."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(path, errors="surrogateescape"),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
        "client": ("192.0.2.7", 4711),
        "app": SimpleNamespace(state=state),
    }
    incoming = [{"type": "http.request", "body": body}]
    outgoing = []

    async def receive():
        return incoming.pop() if incoming else {"type": "http.disconnect"}

    async def send(message):
        outgoing.append(message)

    await app(scope, receive, send)
    start, *rest = outgoing
    found = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], found, b"".join(part.get("body", b"") for part in rest))


@pytest.fixture
def call():
    return ask


class FixedAuthenticator:
    """Knows the users that it was given: token -> name, and `password:` + name."""

    def __init__(self, tokens):
        self.tokens = tokens

    def bearer(self, token):
        if token not in self.tokens:
            raise NotProven("cannot use the token")
        return Subject(self.tokens[token], groups=(AUTHENTICATED,))

    async def basic(self, user, password, address=""):
        if password != f"password:{user}":
            raise NotProven("cannot log in")
        return Subject(user, groups=(AUTHENTICATED,))


class FixedAuthorizer:
    """Allows what it was given as pairs of a name and an access."""

    def __init__(self, allowed):
        self.allowed = set(allowed)

    def decide(self, subject: Subject, access: Access) -> Decision:
        return Decision((subject.name, access) in self.allowed, "by the list")


@pytest.fixture
def services():
    def make(*, tokens=None, allowed=()):
        return SimpleNamespace(
            authenticator=FixedAuthenticator(tokens or {}), authorizer=FixedAuthorizer(allowed)
        )

    return make
