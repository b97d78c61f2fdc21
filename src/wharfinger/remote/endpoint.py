"""
One registry, as one set of logins sees it: how it is reached, what it is shown, when it is asked again.

A registry that may be insecure is asked with TLS and any certificate first, then without TLS, as
Docker does. Redirects are followed a few times, to other hosts too, for that is how registries hand out
blobs; what we show to a registry goes to its own origin only. Which way was found and which token was
given is kept for the next question.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from http import HTTPStatus
from typing import Final
from weakref import WeakValueDictionary

import aiohttp

from wharfinger.oci.credentials import Credential
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.remote import challenge, origin, trust
from wharfinger.remote.authorization import Authorization, Scopes, TokenAnswer
from wharfinger.remote.connections import Connections, faults
from wharfinger.remote.errors import (
    NoAnswer,
    NotAllowed,
    NotUnderstood,
    RemoteError,
    ServerFailed,
    TooBusy,
)
from wharfinger.remote.origin import InvalidAddress, Origin
from wharfinger.remote.retry import Patience, Retry, Wait, retry_after
from wharfinger.remote.trust import Trust

ANSWER_LIMIT: Final = 4 << 20
REDIRECTS: Final = 5
SHOWN: Final = 1_024
"""Tokens that are kept of a registry."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_FOLLOWED: Final = frozenset({"GET", "HEAD"})
TLS_SECONDS: Final = 5.0
"""For an answer with TLS where one without it would do: not every server says that it has none."""


class Follow(Enum):
    """Whether a redirect is followed, and where to."""

    ANYWHERE = auto()
    HERE = auto()
    NOT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`scopes` are what it needs leave for. A `body` that comes in pieces can be sent only once."""

    method: str = "GET"
    target: str
    scopes: Scopes = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | AsyncIterable[bytes] | None = field(default=None, repr=False)
    follow: Follow = Follow.ANYWHERE


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` have names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Means:
    """What all registries that are asked together have in common. `named` are hosts of token
    services that may see the login of a registry elsewhere.
    """

    connections: Connections
    trust: Callable[[RegistryHost], Trust]
    retry: Retry
    wait: Wait
    named: Collection[str] = ()


class Endpoint:
    def __init__(
        self,
        registry: RegistryHost,
        means: Means,
        *,
        logins: Sequence[Credential] = (),
        insecure: bool = False,
    ) -> None:
        self._registry, self._means = registry, means
        self._logins, self._insecure = tuple(logins), insecure
        self._found: Origin | None = None
        self._certain = False
        self._shown: OrderedDict[Scopes, str] = OrderedDict()
        self._asking: WeakValueDictionary[Scopes, asyncio.Lock] = WeakValueDictionary()

    @property
    def origin(self) -> Origin:
        """Where it answers, once it has."""
        return self._found or Origin.of(self._registry)

    @property
    def place(self) -> str:
        return str(self.origin)

    def patience(self) -> Patience:
        return Patience(self._means.retry, self._means.wait)

    async def ask(self, request: Request, *, seconds: float | None) -> Answer:
        """The whole answer, in `seconds` at most for all tries; None: in the time that a caller has set.

        Whatever the registry has decided comes back, an absence, say. What stands in the way of a
        decision is raised.
        """
        patience = self.patience()
        try:
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        return await self._read(await self.open(request))
                    except RemoteError as error:
                        await patience.after(error)
        except TimeoutError:
            raise patience.trouble or self.late(seconds) from None

    async def open(self, request: Request) -> aiohttp.ClientResponse:
        """The head of the answer, once: `NoAnswer`, `TooBusy`, `LoginNeeded` and `NotAllowed` are
        raised for what says no more than that.
        """
        answer, where = await self._authorized(request)
        trouble = self._trouble(answer, where)
        if trouble is not None:
            answer.release()
            raise trouble
        return answer

    def late(self, seconds: float | None) -> NoAnswer:
        within = "in time" if seconds is None else f"within {seconds:g} s"
        return NoAnswer(self.place, f"no answer {within}")

    def unexpected(self, status: int, target: str) -> NotUnderstood:
        return NotUnderstood(self.place, f"it answers {status} to {target.partition('?')[0]}")

    def next_target(self, target: str, link: str) -> str:
        """What an answer to `target` leads on to, here. Raise `NotUnderstood` if not here."""
        try:
            return origin.within(self.origin, target, link)
        except InvalidAddress:
            raise NotUnderstood(
                self.place, "it leads to another host, which is not asked"
            ) from None

    async def _read(self, answer: aiohttp.ClientResponse) -> Answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if headers.get("content-encoding", "identity").lower() != "identity":
            answer.close()
            raise NotUnderstood(self.place, "its answer is encoded, which was not asked for")
        return Answer(answer.status, headers, await _body(answer, self.place))

    def _trouble(self, answer: aiohttp.ClientResponse, where: Origin) -> RemoteError | None:
        status, place = answer.status, str(where)
        if status == HTTPStatus.UNAUTHORIZED:
            if where != self.origin:
                return NotAllowed(place, "it does not allow this (401)")
            return self._authorization().refused()
        if status == HTTPStatus.FORBIDDEN:
            return NotAllowed(place, "it does not allow this (403)")
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return TooBusy(place, _asked_wait(answer))
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ServerFailed(place, status, _asked_wait(answer))
        return None

    # What it is shown

    async def _authorized(self, request: Request) -> tuple[aiohttp.ClientResponse, Origin]:
        shown = self._shown.get(request.scopes)
        answer, where = await self._follow(request, shown)
        if answer.status != HTTPStatus.UNAUTHORIZED or where != self.origin:
            return answer, where
        if isinstance(request.body, AsyncIterable):
            return answer, where
        async with self._asking.setdefault(request.scopes, asyncio.Lock()):
            new = self._shown.get(request.scopes)
            if new not in (None, shown):  # another request has got it while we waited
                answer.release()
                answer, where = await self._follow(request, new)
                if answer.status != HTTPStatus.UNAUTHORIZED:
                    return answer, where
            return await self._admitted(request, answer)

    async def _admitted(
        self, request: Request, refusal: aiohttp.ClientResponse
    ) -> tuple[aiohttp.ClientResponse, Origin]:
        """Try what may be shown, in turn; the last refusal is the answer if nothing counts."""
        challenges = tuple(challenge.parse(refusal.headers.getall("WWW-Authenticate", ())))
        refusal.release()
        answer, where = refusal, self.origin
        async for header in self._authorization().answers(challenges, request.scopes):
            answer.release()
            answer, where = await self._follow(request, header)
            if answer.status not in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                self._keep(request.scopes, header)
                break
        return answer, where

    def _keep(self, scopes: Scopes, header: str) -> None:
        self._shown[scopes] = header
        if len(self._shown) > SHOWN:
            self._shown.popitem(last=False)

    def _authorization(self) -> Authorization:
        return Authorization(
            self.origin, self._logins, self._ask_for_token, named=self._means.named
        )

    async def _ask_for_token(
        self, where: Origin, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> TokenAnswer:
        answer = await self._means.connections.open(
            "GET" if body is None else "POST",
            where,
            target,
            trust=self._context(where, verified=not (self._insecure and where == self.origin)),
            headers={"Accept": "application/json", **headers},
            body=body,
        )
        trouble = self._trouble(answer, where)
        if isinstance(trouble, (NoAnswer, TooBusy)):
            answer.release()
            raise trouble
        return TokenAnswer(answer.status, await _body(answer, str(where)))

    # How it is reached

    async def _follow(
        self, request: Request, shown: str | None
    ) -> tuple[aiohttp.ClientResponse, Origin]:
        follows = request.follow is not Follow.NOT and request.method in _FOLLOWED
        where, target = None, request.target
        for _ in range(REDIRECTS + 1):
            answer, where = await self._send(request, where, target, shown)
            if answer.status not in _REDIRECTS or not follows:
                return answer, where
            answer.release()
            where, target = self._redirected(where, target, answer.headers.get("Location", ""))
            if where != self.origin and request.follow is Follow.HERE:
                raise NotUnderstood(
                    self.place, "it redirects to another host, which is not followed"
                )
        raise NotUnderstood(self.place, "it redirects again and again")

    def _redirected(self, where: Origin, target: str, location: str) -> tuple[Origin, str]:
        try:
            found, rest = origin.towards(where, target, location)
        except InvalidAddress:
            raise NotUnderstood(self.place, "it redirects to what is no address") from None
        if found.scheme != "https" and not self._insecure:
            raise NotUnderstood(
                self.place, "it redirects to where there is no TLS, which is not followed"
            )
        return found, rest

    async def _send(
        self, request: Request, where: Origin | None, target: str, shown: str | None
    ) -> tuple[aiohttp.ClientResponse, Origin]:
        """`where` is None for the registry itself, wherever it answers."""
        if where is None:
            if not (self._found and self._certain):
                return await self._first(request, target, shown)
            where = self.origin
        own = shown is not None and where == self.origin
        headers = {**request.headers, **({"Authorization": shown} if own and shown else {})}
        try:
            answer = await self._means.connections.open(
                request.method,
                where,
                target,
                trust=self._context(where, verified=not self._insecure),
                headers=headers,
                body=request.body,
            )
        except NoAnswer:
            self._certain = not self._insecure
            raise
        if answer.status == HTTPStatus.BAD_REQUEST:  # what has got TLS since may say so
            self._certain = not self._insecure
        return answer, where

    async def _first(
        self, request: Request, target: str, shown: str | None
    ) -> tuple[aiohttp.ClientResponse, Origin]:
        """Find out how it answers; the trouble of the last way is told if none is one."""
        secure, plain = (Origin.of(self._registry, scheme=scheme) for scheme in ("https", "http"))
        if self._insecure:
            try:
                async with asyncio.timeout(TLS_SECONDS):
                    found = await self._send(request, secure, target, shown)
            except (NoAnswer, TimeoutError):
                found = await self._send(request, plain, target, shown)
        else:
            found = await self._send(request, secure, target, shown)
        self._found, self._certain = found[1], True
        return found

    def _context(self, where: Origin, *, verified: bool) -> ssl.SSLContext:
        """Whom the registry is to be trusted by, its token service and its stores may be, too."""
        own = self._means.trust(self._registry)
        if where != self.origin:
            other = self._means.trust(_host(where))
            authorities = tuple(dict.fromkeys((*own.authorities, *other.authorities)))
            own = Trust(authorities, other.client)
        return trust.context(own, verified=verified)


def _host(where: Origin) -> RegistryHost:
    """As a site file spells it: without the usual port."""
    return RegistryHost.parse(str(where).partition("://")[2])


def _asked_wait(answer: aiohttp.ClientResponse) -> float | None:
    return retry_after(answer.headers.get("Retry-After"), datetime.now(UTC))


async def _body(answer: aiohttp.ClientResponse, place: str) -> bytes:
    content = bytearray()
    with faults(place):
        async with answer:
            async for piece in answer.content.iter_any():
                content += piece
                if len(content) > ANSWER_LIMIT:
                    more = f"more than {ANSWER_LIMIT >> 20} MiB"
                    raise NotUnderstood(place, f"its answer has {more}")
    return bytes(content)
