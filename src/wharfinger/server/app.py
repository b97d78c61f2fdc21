"""
Wire the server: the one place that picks implementations and says which path goes where.

`services` opens the stores and starts what works in the background; `create_app` puts the edge
around the handlers. The first segment of a path chooses who answers, so that a pull passes one
dictionary and no router that is not its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from wharfinger.cluster.authorize import Access
from wharfinger.errors import NotFound
from wharfinger.server import errors, guard, health, metrics
from wharfinger.server.drain import Drain
from wharfinger.server.errors import ErrorBody, ErrorEdge
from wharfinger.server.handlers import first_segment
from wharfinger.server.logging import AccessLog
from wharfinger.server.observe import Observed
from wharfinger.server.state import Services


class NoSuchPath(NotFound):
    code = "no-such-path"


class Dispatch:
    """Hand a request to the app of its first segment; `request.app.state` are the services."""

    def __init__(self, state: Services, apps: Mapping[str, ASGIApp]) -> None:
        self.state = state
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        app = self._apps.get(first_segment(scope["path"]))
        if app is None:
            raise NoSuchPath("cannot find this path")
        await app(scope, receive, send)
