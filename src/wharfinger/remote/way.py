"""
How one registry is reached: with TLS or without, and through redirects.

A registry that may be insecure is asked with TLS and any certificate first, then without TLS, as
Docker does. Redirects are followed a few times, to other hosts too, for that is how registries hand out
blobs; what is shown to the registry goes to its own origin only.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

import aiohttp

from wharfinger.oci.registry_host import RegistryHost
from wharfinger.remote import origin, trust
from wharfinger.remote.connections import Connections
from wharfinger.remote.errors import NoAnswer, NotUnderstood
from wharfinger.remote.exchange import Follow, Request
from wharfinger.remote.origin import InvalidAddress, Origin
from wharfinger.remote.trust import Trust

REDIRECTS: Final = 5
TLS_SECONDS: Final = 5.0
"""For an answer with TLS where one without it would do: not every server says that it has none."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_FOLLOWED: Final = frozenset({"GET", "HEAD"})

Reached = tuple[aiohttp.ClientResponse, Origin]
"""The head of an answer, and who has given it."""


class Way:
    """Which one was found is kept for the next question."""

    def __init__(
        self,
        registry: RegistryHost,
        connections: Connections,
        trust: Callable[[RegistryHost], Trust],
        *,
        insecure: bool,
    ) -> None:
        self._registry, self._connections = registry, connections
        self._trust, self._insecure = trust, insecure
        self._found: Origin | None = None
        self._certain = False

    @property
    def origin(self) -> Origin:
        """Where it answers, once it has."""
        return self._found or Origin.of(self._registry)

    async def follow(self, request: Request, shown: str | None) -> Reached:
        """Ask, and go where the answer sends us; `shown` is the header for the registry alone."""
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
                    str(self.origin), "it redirects to another host, which is not followed"
                )
        raise NotUnderstood(str(self.origin), "it redirects again and again")

    def _redirected(self, where: Origin, target: str, location: str) -> tuple[Origin, str]:
        try:
            found, rest = origin.towards(where, target, location)
        except InvalidAddress:
            raise NotUnderstood(str(self.origin), "it redirects to what is no address") from None
        if found.scheme != "https" and not self._insecure:
            raise NotUnderstood(
                str(self.origin), "it redirects to where there is no TLS, which is not followed"
            )
        return found, rest

    async def _send(
        self, request: Request, where: Origin | None, target: str, shown: str | None
    ) -> Reached:
        """`where` is None for the registry itself, wherever it answers."""
        if where is None:
            if not (self._found and self._certain):
                return await self._first(request, target, shown)
            where = self.origin
        own = shown is not None and where == self.origin
        headers = {**request.headers, **({"Authorization": shown} if own and shown else {})}
        try:
            answer = await self._connections.open(
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

    async def ask_service(
        self, where: Origin, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> aiohttp.ClientResponse:
        """A token service, wherever it is: its certificate has to hold, unless it is the registry."""
        return await self._connections.open(
            "GET" if body is None else "POST",
            where,
            target,
            trust=self._context(where, verified=not (self._insecure and where == self.origin)),
            headers={"Accept": "application/json", **headers},
            body=body,
        )

    async def _first(self, request: Request, target: str, shown: str | None) -> Reached:
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
        own = self._trust(self._registry)
        if where != self.origin:
            other = self._trust(_host(where))
            authorities = tuple(dict.fromkeys((*own.authorities, *other.authorities)))
            own = Trust(authorities, other.client)
        return trust.context(own, verified=verified)


def _host(where: Origin) -> RegistryHost:
    """As a site file spells it: without the usual port."""
    return RegistryHost.parse(str(where).partition("://")[2])
