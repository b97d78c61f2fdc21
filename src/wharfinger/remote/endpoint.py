"""
One registry, as one set of logins sees it: what it is shown, what its answers mean, when it is asked again.

Which token was given is kept for the next question about the same.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from weakref import WeakValueDictionary

import aiohttp

from wharfinger.oci.credentials import Credential
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.remote import challenge, exchange, origin
from wharfinger.remote.authorization import Authorization, TokenAnswer
from wharfinger.remote.connections import Connections
from wharfinger.remote.errors import (
    NoAnswer,
    NotAllowed,
    NotUnderstood,
    RemoteError,
    ServerFailed,
    TooBusy,
)
from wharfinger.remote.exchange import Answer, Request, Scopes
from wharfinger.remote.origin import InvalidAddress, Origin
from wharfinger.remote.retry import Patience, Retry, Wait, retry_after
from wharfinger.remote.trust import Trust
from wharfinger.remote.way import Reached, Way

SHOWN: Final = 1_024
"""Tokens that are kept of a registry."""


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
        self._means, self._logins = means, tuple(logins)
        self._way = Way(registry, means.connections, means.trust, insecure=insecure)
        self._shown: OrderedDict[Scopes, str] = OrderedDict()
        self._asking: WeakValueDictionary[Scopes, asyncio.Lock] = WeakValueDictionary()

    @property
    def origin(self) -> Origin:
        """Where it answers, once it has."""
        return self._way.origin

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
        return Answer(answer.status, headers, await exchange.body(answer, self.place))

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

    async def _authorized(self, request: Request) -> Reached:
        shown = self._shown.get(request.scopes)
        answer, where = await self._way.follow(request, shown)
        if answer.status != HTTPStatus.UNAUTHORIZED or where != self.origin:
            return answer, where
        if isinstance(request.body, AsyncIterable):
            return answer, where
        async with self._asking.setdefault(request.scopes, asyncio.Lock()):
            new = self._shown.get(request.scopes)
            if new not in (None, shown):  # another request has got it while we waited
                answer.release()
                answer, where = await self._way.follow(request, new)
                if answer.status != HTTPStatus.UNAUTHORIZED:
                    return answer, where
            return await self._admitted(request, answer)

    async def _admitted(self, request: Request, refusal: aiohttp.ClientResponse) -> Reached:
        """Try what may be shown, in turn; the last refusal is the answer if nothing counts."""
        challenges = tuple(challenge.parse(refusal.headers.getall("WWW-Authenticate", ())))
        refusal.release()
        answer, where = refusal, self.origin
        async for header in self._authorization().answers(challenges, request.scopes):
            answer.release()
            answer, where = await self._way.follow(request, header)
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
        answer = await self._way.ask_service(where, target, headers, body)
        trouble = self._trouble(answer, where)
        if isinstance(trouble, (NoAnswer, TooBusy)):
            answer.release()
            raise trouble
        return TokenAnswer(answer.status, await exchange.body(answer, str(where)))


def _asked_wait(answer: aiohttp.ClientResponse) -> float | None:
    return retry_after(answer.headers.get("Retry-After"), datetime.now(UTC))
