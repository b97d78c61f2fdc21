"""
Make large answers small for clients that take gzip, as Kubernetes does from 128 KiB on.

Compressing takes longer than making the answer, so it is done in a thread; at level 1, since most
of these answers cross a fast network and a higher one gains little. Watches are never compressed:
each line of one must leave at once.
"""

from __future__ import annotations

import asyncio
import gzip
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from wharfinger.server import kube_accept

LEAST_BYTES: Final = 128 * 1024
_LEVEL: Final = 1


async def fitted(request: Request, response: ASGIApp) -> ASGIApp:
    """The same answer, compressed if it is large and the client asks for that."""
    if not isinstance(response, Response) or len(response.body) < LEAST_BYTES:
        return response
    response.headers.append("vary", "Accept-Encoding")
    if not kube_accept.gzip(request.headers.get("accept-encoding")):
        return response
    body = await asyncio.to_thread(compress, bytes(response.body))
    response.body = body
    response.headers["content-encoding"] = "gzip"
    response.headers["content-length"] = str(len(body))
    return response


def compress(body: bytes) -> bytes:
    """The same bytes for the same body, whenever it is done."""
    return gzip.compress(body, _LEVEL, mtime=0)
