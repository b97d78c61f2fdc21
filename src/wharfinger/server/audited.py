"""
Give each request of the object API an audit id, and its entry in the audit log if there is one.

It lies outside the errors, so that a refusal is an entry too, and its answer has the id. A client
may bring an id of its own, as a proxy does that wants to find its request again.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Container
from itertools import count
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wharfinger.server import audit, guard
from wharfinger.server.audit import Exchange, Trail
from wharfinger.server.audit_log import AuditLog
from wharfinger.server.handlers import first_segment

_AUDIT_ID: Final = b"audit-id"
_ACCEPTED: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_numbers: Final = count()
_PROCESS: Final = str(uuid.uuid4())[:-12]  # with a number behind it, an id like any other UUID
_CLIENT_CLOSED: Final = 499


class Audited:
    """Wrap `app` for the paths whose first segment is one of `segments`."""

    def __init__(self, app: ASGIApp, segments: Container[str], log: AuditLog | None) -> None:
        self._app = app
        self._segments = segments
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if first_segment(scope["path"]) not in self._segments:
            await self._app(scope, receive, send)
            return
        received, code = time.time(), _CLIENT_CLOSED
        identifier = _identifier(scope)
        trail = scope[audit.TRAIL] = Trail()

        async def note(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
                headers = [*message.get("headers", ()), (_AUDIT_ID, identifier)]
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            if self._log is not None:
                exchange = _exchange(scope, identifier, received, code)
                self._log.write(audit.event(trail, exchange))


def _identifier(scope: Scope) -> bytes:
    given: bytes | None = _header(scope, _AUDIT_ID)
    if given is not None and _ACCEPTED.fullmatch(given):
        return given
    return f"{_PROCESS}{next(_numbers):012x}".encode()


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    return next((value for name, value in scope["headers"] if name == wanted), None)


def _exchange(scope: Scope, identifier: bytes, received: float, code: int) -> Exchange:
    return Exchange(
        identifier=identifier.decode(),
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        client=(scope.get("client") or ("",))[0],
        agent=(_header(scope, b"user-agent") or b"").decode("latin-1"),
        proven=scope.get(guard.PROVEN),
        subject=scope.get(guard.SUBJECT),
        received=received,
        ended=time.time(),
        code=code,
    )
