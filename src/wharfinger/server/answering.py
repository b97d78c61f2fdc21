"""One handler as an app, for paths with nothing below them that could be told apart."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from wharfinger.errors import Unsupported


class ReadOnly(Unsupported):
    code = "read-only"


def answering(handler: Callable[[Request], Coroutine[Any, Any, Response]]) -> ASGIApp:
    """For reading only."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise ReadOnly("cannot do anything here but GET")
        response = await handler(Request(scope, receive))
        await response(scope, receive, send)

    return app
