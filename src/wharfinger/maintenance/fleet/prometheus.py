"""One instant query to a Prometheus, or to what speaks its API. No redirect is followed."""

from __future__ import annotations

import ssl
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from wharfinger.errors import BadInput, Unavailable

SECONDS: Final = 10.0
LIMIT: Final = 1 << 20
"""Bytes of an answer; a gate has a few samples."""


class InvalidPrometheus(BadInput):
    code = "invalid-prometheus"

    def __init__(self) -> None:
        super().__init__(
            "cannot use the address of Prometheus", remedy="write it as https://HOST[:PORT][/PATH]"
        )


class PrometheusFailed(Unavailable):
    code = "prometheus-failed"


def host_of(url: str) -> str:
    """Raise `InvalidPrometheus` unless it is an address that can be asked."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise InvalidPrometheus from None
    if not host or parts.scheme not in {"http", "https"}:
        raise InvalidPrometheus
    return host


async def query(
    url: str, text: str, *, trust: ssl.SSLContext | None = None, seconds: float = SECONDS
) -> bytes:
    """What it answers, also if that is an error in its words; else raise `PrometheusFailed`."""
    host = host_of(url)
    address = f"{url.rstrip('/')}/api/v1/query"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds)) as session,
            session.get(
                address, params={"query": text}, ssl=trust or True, allow_redirects=False
            ) as answer,
        ):
            body = bytearray()
            while len(body) < LIMIT and (part := await answer.content.read(LIMIT - len(body))):
                body += part
            return bytes(body)
    except TimeoutError as error:
        raise PrometheusFailed(f"cannot ask Prometheus at {host}: no answer in time") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise PrometheusFailed(
            f"cannot ask Prometheus at {host}: {type(error).__name__}"
        ) from error
