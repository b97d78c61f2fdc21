"""
One table from the kind of an error to its HTTP status, and the edge where errors become answers.

The status follows from the class alone. The body follows from the path: clients of `/v2` read
OCI errors, clients of `/api` and `/apis` read Kubernetes `Status` objects, and everything else
gets problem details (RFC 9457). What is not a `WharfingerError` is a bug: it is logged with its
traceback, and the client learns the id of the request and nothing more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wharfinger import errors
from wharfinger.errors import WharfingerError
from wharfinger.server import limits
from wharfinger.server.handlers import first_segment
from wharfinger.server.logging import request_id

STATUS: Mapping[type[WharfingerError], int] = {
    errors.BadInput: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Unsupported: 405,
    limits.BodyTooSlow: 408,
    errors.AlreadyExists: 409,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.TooLarge: 413,
    limits.TargetTooLong: 414,
    errors.TooManyRequests: 429,
    limits.HeadersTooLarge: 431,
    errors.Unavailable: 503,
    errors.StorageFull: 507,
}

ErrorBody = Callable[[Scope, WharfingerError], Response]
"""Shapes the whole answer for one family of clients."""

logger = logging.getLogger(__name__)


class InternalError(WharfingerError):
    """The face of a bug: nothing of what went wrong is shown."""

    code = "internal"

    def __init__(self) -> None:
        super().__init__(
            "cannot answer: an internal error occurred",
            remedy=f"look for request id {request_id.get()} in the server's log",
        )


def status_of(error: WharfingerError) -> int:
    """The status of the nearest class in the table; 500 for what is in none."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def problem(_: Scope, error: WharfingerError) -> Response:
    """RFC 9457 problem details."""
    status = status_of(error)
    details = {
        "type": f"urn:wharfinger:error:{error.code}",
        "title": error.code.replace("-", " "),
        "status": status,
        "detail": error.message,
        "code": error.code,
        "remedy": error.remedy,
        "request_id": request_id.get(),
    }
    body = msgspec.json.encode({name: value for name, value in details.items() if value})
    headers = {}
    if status == 401:
        headers["www-authenticate"] = 'Basic realm="wharfinger"'
    if retry_after := getattr(error, "retry_after", None):
        headers["retry-after"] = str(retry_after)
    return Response(body, status, headers, media_type="application/problem+json")


class ErrorEdge:
    """Answer what the app raises; `bodies` goes by the first segment of the path."""

    def __init__(self, app: ASGIApp, bodies: Mapping[str, ErrorBody]) -> None:
        self._app = app
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watch_start(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watch_start)
        except WharfingerError as error:
            if started:
                logger.warning("cut an answer: %s", error.message)
                raise
            await self._answer(scope, error)(scope, receive, send)
        except HTTPException as error:
            if started:
                raise
            response = Response(error.detail, error.status_code, error.headers)
            await response(scope, receive, send)
        except Exception:
            logger.exception("cannot answer %s", scope["method"])
            if started:
                raise  # so that the connection is cut: half an answer must not look whole
            await self._answer(scope, InternalError())(scope, receive, send)

    def _answer(self, scope: Scope, error: WharfingerError) -> Response:
        shape = self._bodies.get(first_segment(scope["path"]), problem)
        return shape(scope, error)
