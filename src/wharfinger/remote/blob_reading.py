"""
The bytes of a blob: resumed where a connection broke, and held against digest and size as a whole.

There is no time for all of it, for nobody knows how long a large layer may take. But each piece of some
size has to come in the time for an answer, so that a registry which sends a byte now and then holds
nobody for long. Hashing runs in a thread while the piece before is taken care of.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import aiohttp

from wharfinger.oci.digest import Digest, hasher
from wharfinger.remote.connections import faults
from wharfinger.remote.endpoint import Endpoint
from wharfinger.remote.errors import BlobAbsent, NoAnswer, NotUnderstood, TooBusy, WrongContent
from wharfinger.remote.exchange import Request, Scopes

PIECE: Final = 512 * 1024
"""Bytes that are handed on together; the last of a blob may be fewer."""
LEAST: Final = 64 * 1024
"""Bytes that have to come in the time for an answer, if there are so many."""
PROGRESS: Final = 4 << 20
"""Bytes after which a break is not counted with the ones before."""
_HASHED_HERE: Final = 16 * 1024

_RANGE: Final = re.compile(r"bytes (\d{1,19})-\d{1,19}/(?:\d{1,19}|\*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which blob, and where."""

    digest: Digest
    size: int
    target: str
    scopes: Scopes
    seconds: float


async def blob(endpoint: Endpoint, wanted: Wanted) -> AsyncIterator[bytes]:
    """Raise `BlobAbsent`, `WrongContent`, or what stands in the way of it."""
    check, at, patience = hasher(wanted.digest.algorithm), 0, endpoint.patience()
    loop = asyncio.get_running_loop()
    while True:
        begun = at
        try:
            async with aclosing(_pieces(endpoint, wanted, at)) as pieces:
                async for piece in pieces:
                    at += len(piece)
                    if len(piece) <= _HASHED_HERE:
                        check.update(piece)
                        yield piece
                    else:
                        hashed = loop.run_in_executor(None, check.update, piece)
                        yield piece
                        await hashed
            break
        except (NoAnswer, TooBusy) as trouble:
            if at - begun >= PROGRESS:
                patience.renew()
            await patience.after(trouble)
    if check.hexdigest() != wanted.digest.hex:
        raise WrongContent(endpoint.place, f"it sent other bytes than those of {wanted.digest}")


async def _pieces(endpoint: Endpoint, wanted: Wanted, at: int) -> AsyncGenerator[bytes, None]:
    """What comes on one connection, from `at` on."""
    try:
        async with asyncio.timeout(wanted.seconds):
            answer = await _open(endpoint, wanted, at)
        async with answer:
            known = at if answer.status == HTTPStatus.OK else 0  # it may not do ranges
            _require_same(endpoint, wanted, answer, at - known)
            while known:
                known -= len(await _take(endpoint, answer, known, wanted.seconds))
            while at < wanted.size:
                piece = await _take(endpoint, answer, wanted.size - at, wanted.seconds)
                at += len(piece)
                yield piece
            if await _rest(endpoint, answer, wanted.seconds):
                raise WrongContent(endpoint.place, f"it sent more than the {wanted.size} bytes")
    except TimeoutError:
        raise endpoint.late(wanted.seconds) from None


async def _open(endpoint: Endpoint, wanted: Wanted, at: int) -> aiohttp.ClientResponse:
    headers = {"Range": f"bytes={at}-"} if at else {}
    answer = await endpoint.open(
        Request(target=wanted.target, scopes=wanted.scopes, headers=headers)
    )
    if answer.status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        return answer
    answer.release()
    if answer.status == HTTPStatus.NOT_FOUND:
        raise BlobAbsent(endpoint.place, f"it has no blob {wanted.digest} there")
    raise endpoint.unexpected(answer.status, wanted.target)


def _require_same(
    endpoint: Endpoint, wanted: Wanted, answer: aiohttp.ClientResponse, begin: int
) -> None:
    """Is this the part that was asked for, as far as the head tells?"""
    if answer.status == HTTPStatus.PARTIAL_CONTENT:
        found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != begin:
            raise NotUnderstood(endpoint.place, "it sends another part than was asked for")
    stated = answer.content_length
    if stated is not None and stated != wanted.size - begin:
        raise WrongContent(
            endpoint.place, f"it sends {stated} bytes in place of {wanted.size - begin}"
        )


async def _take(
    endpoint: Endpoint, answer: aiohttp.ClientResponse, most: int, seconds: float
) -> bytes:
    """Some bytes, a piece if there are so many. Raise `NoAnswer` at an early end."""
    most, found, counted = min(most, PIECE), bytearray(), 0
    clock = asyncio.get_running_loop().time
    with faults(endpoint.place):
        async with asyncio.timeout(seconds) as timer:
            while len(found) < most:
                part = await answer.content.read(most - len(found))
                if not part:
                    raise NoAnswer(endpoint.place, "its answer breaks off")
                found += part
                if len(found) - counted >= LEAST:
                    counted = len(found)
                    timer.reschedule(clock() + seconds)
    return bytes(found)


async def _rest(endpoint: Endpoint, answer: aiohttp.ClientResponse, seconds: float) -> bytes:
    with faults(endpoint.place):
        async with asyncio.timeout(seconds):
            return await answer.content.read(1)
