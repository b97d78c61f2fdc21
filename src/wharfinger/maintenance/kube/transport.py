"""
Requests to one Kubernetes API: connections, limits of time and size, and proofs of who we are.

It says what came back and judges nothing, but for one thing: after a 401 the credential is asked
once for a fresh proof, for proofs expire while a node empties. Redirects are not followed, so that
a proof goes to the server of the context and nowhere else; no error quotes one.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Final, Self, TypeVar

import aiohttp
from yarl import URL

from wharfinger import __version__
from wharfinger.maintenance.api import ApiFault, ApiRefused
from wharfinger.maintenance.kube import answers as kube_answers
from wharfinger.maintenance.kube.answers import UNKNOWN, Reply
from wharfinger.maintenance.kube.server import Proof, Server

JSON: Final = "application/json"
CONNECTIONS: Final = 64
ANSWER_LIMIT: Final = 64 << 20
"""Bytes of an answer, and of one line of a watch; a page of 500 large pods has some 15 MB."""

Answer = TypeVar("Answer", Reply, Reply | aiohttp.ClientResponse)

_READS: Final = ("GET", "HEAD")
_NO_LIMIT: Final = aiohttp.ClientTimeout(total=None, sock_connect=None)


class Transport:
    """Opened by `async with`, in the event loop that uses it."""

    def __init__(self, server: Server, *, timeout: float) -> None:
        self.server, self.timeout = server, timeout
        self._base = server.url.rstrip("/")

    async def __aenter__(self) -> Self:
        self._short = _session(CONNECTIONS)
        # A watch holds its connection for minutes: it must not take the place of a request.
        self._long = _session(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._short.close()
        await self._long.close()

    async def send(
        self,
        method: str,
        path: str,
        what: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = JSON,
    ) -> Reply:
        """Whatever comes back; `what` says what could not be done if nothing does."""
        headers = {"Content-Type": content_type} if body is not None else {}

        async def attempt(proof: Proof) -> Reply:
            with self._faults(what, writes=method not in _READS):
                async with asyncio.timeout(self.timeout):
                    answer = await self._request(
                        self._short, proof, method, path, query, body, headers
                    )
                    return await _read(answer, what)

        return await self._proven(attempt)

    @asynccontextmanager
    async def open(
        self, path: str, what: str, *, query: Mapping[str, str]
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """The content of a success while it comes; raise what any other answer means."""

        async def attempt(proof: Proof) -> Reply | aiohttp.ClientResponse:
            with self._faults(what, writes=False):
                async with asyncio.timeout(self.timeout):
                    answer = await self._request(self._long, proof, "GET", path, query)
                    return answer if answer.status == HTTPStatus.OK else await _read(answer, what)

        answer = await self._proven(attempt)
        if isinstance(answer, Reply):
            raise kube_answers.refusal(answer, what, writes=False)
        try:
            yield answer.content
        finally:
            answer.close()

    async def _proven(self, attempt: Callable[[Proof], Awaitable[Answer]]) -> Answer:
        """Outside of the time for an answer: a person may have to log in for a proof."""
        credential = self.server.credential
        proof = await credential.proof()
        answer = await attempt(proof)
        if answer.status != HTTPStatus.UNAUTHORIZED:
            return answer
        return await attempt(await credential.proof(refused=proof))

    async def _request(
        self,
        session: aiohttp.ClientSession,
        proof: Proof,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> aiohttp.ClientResponse:
        shown = {"Authorization": proof.authorization} if proof.authorization else {}
        return await session.request(
            method,
            URL(self._base + path, encoded=True).with_query(query),
            data=body,
            headers={**(headers or {}), **shown},
            allow_redirects=False,
            ssl=proof.trust or self.server.trust or True,
            server_hostname=self.server.name,
            proxy=self.server.proxy,
        )

    @contextmanager
    def _faults(self, what: str, *, writes: bool) -> Iterator[None]:
        unknown = f"; {UNKNOWN}" if writes else ""
        try:
            yield
        except TimeoutError as error:
            raise ApiFault(
                f"cannot {what}: no answer of {self.server.url} in {self.timeout:g} s{unknown}"
            ) from error
        except aiohttp.ClientConnectorCertificateError as error:
            why = error.certificate_error
            told = why.verify_message if isinstance(why, ssl.SSLCertVerificationError) else str(why)
            raise ApiRefused(
                f"cannot {what}: cannot trust {self.server.url}: {told}",
                status=0,
                remedy="give the authority of the cluster in the kubeconfig",
            ) from error
        except aiohttp.ClientConnectorError as error:  # nothing was sent
            raise ApiFault(
                f"cannot {what}: cannot reach {self.server.url}: {error.strerror or 'no answer'}"
            ) from error
        except (aiohttp.ClientError, OSError):  # not told as the cause: some hold the headers sent
            raise ApiFault(
                f"cannot {what}: {self.server.url} broke off or does not speak HTTP{unknown}"
            ) from None


def _session(connections: int) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=_NO_LIMIT,
        headers={
            "Accept": JSON,
            "Accept-Encoding": "gzip",
            "User-Agent": f"wharf/{__version__}",
        },
    )


async def _read(answer: aiohttp.ClientResponse, what: str) -> Reply:
    parts, size = [], 0
    async with answer:
        async for part in answer.content.iter_any():
            parts.append(part)
            size += len(part)
            if size > ANSWER_LIMIT:
                raise ApiFault(f"cannot {what}: the answer has more than {ANSWER_LIMIT} bytes")
    return Reply(answer.status, answer.headers, b"".join(parts))
