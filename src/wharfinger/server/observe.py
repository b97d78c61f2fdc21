"""
The outermost layer: every request gets an id, is counted, timed, logged and can be drained.

One class rather than five stacked ones, since each layer costs every small answer. The id is the
client's own if it looks like one, so that a trace through a proxy stays whole.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from itertools import count

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wharfinger.cluster.subject import Subject
from wharfinger.errors import Unavailable, WharfingerError
from wharfinger.server import limits
from wharfinger.server.drain import Drain
from wharfinger.server.errors import ErrorBody, problem
from wharfinger.server.guard import SUBJECT
from wharfinger.server.handlers import first_segment, handler_of
from wharfinger.server.logging import AccessLog, request_id
from wharfinger.server.metrics import Metrics

_REQUEST_ID = b"x-request-id"
_ACCEPTED_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_PROCESS = os.urandom(4).hex()  # an id is no secret: it need only differ from those of other runs
_numbers = count(1)
_LEAST_REFUSAL = 400
_CLIENT_CLOSED = 499  # no status went out: the client left first
_RETRY_SECONDS = "5"
_NO_SNIFF = (b"x-content-type-options", b"nosniff")


class Stopping(Unavailable):
    code = "stopping"

    def __init__(self) -> None:
        super().__init__("cannot take new requests: the server is ending", remedy="try again soon")


class Answer:
    """`send`, with our headers added and what went out noted; `refusing` goes before a refusal."""

    __slots__ = ("_announced", "_extra", "_refusing", "_send", "sent", "status")

    def __init__(
        self,
        send: Send,
        extra: list[tuple[bytes, bytes]],
        refusing: Callable[[], Awaitable[None]],
    ) -> None:
        self._send = send
        self._extra = extra
        self._refusing = refusing
        self._announced = False  # a length was promised, so it need not be counted
        self.status = 0
        self.sent = 0

    async def __call__(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            self.status = message["status"]
            if self.status >= _LEAST_REFUSAL:
                await self._refusing()
            headers = [*message.get("headers", ()), *self._extra]
            message = {**message, "headers": headers}
            length = _content_length(headers)
            if length is not None:
                self._announced, self.sent = True, length
        elif not self._announced:
            self.sent += len(message.get("body", b""))
        await self._send(message)


class Observed:
    """Wrap the whole app; `bodies` shapes the few errors that are raised out here."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        log: AccessLog,
        drain: Drain,
        bodies: Mapping[str, ErrorBody],
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._log = log
        self._drain = drain
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        begun, started = time.time(), time.perf_counter()
        identifier = _identifier(scope)
        request_id.set(identifier)  # a task to a request, so it needs no reset
        path, method = scope["path"], scope["method"]
        handler = handler_of(path)
        series = self._metrics.handler(handler, method)
        body = limits.Body(receive, path)
        answer = Answer(
            send,
            [(_REQUEST_ID, identifier.encode()), _NO_SNIFF],
            partial(body.take_rest, scope["headers"]),
        )
        series.in_flight.inc()
        try:
            await self._bounded(scope, body, answer, handler)
        finally:
            series.in_flight.dec()
            seconds = time.perf_counter() - started
            status = answer.status or _CLIENT_CLOSED
            sent = 0 if method == "HEAD" else answer.sent
            series.finish(status, seconds=seconds, received=body.received, sent=sent)
            self._log.write(
                ts=begun,
                request_id=identifier,
                actor=_actor(scope),
                client=(scope.get("client") or ("",))[0],
                method=method,
                path=path,
                status=status,
                received=body.received,
                sent=sent,
                seconds=seconds,
            )

    async def _bounded(self, scope: Scope, body: limits.Body, answer: Answer, handler: str) -> None:
        try:
            limits.check_head(scope)
            if self._drain.draining and handler != "health":
                raise Stopping
        except WharfingerError as error:
            await self._refuse(scope, body, answer, error)
            return
        with self._drain.request():
            await self._app(scope, body, answer)

    async def _refuse(
        self, scope: Scope, body: limits.Body, answer: Answer, error: WharfingerError
    ) -> None:
        """Answer without having judged the body, so the connection cannot be used again."""
        response = self._bodies.get(first_segment(scope["path"]), problem)(scope, error)
        response.headers["connection"] = "close"
        if isinstance(error, Stopping):
            response.headers["retry-after"] = _RETRY_SECONDS
        await response(scope, body, answer)


def _identifier(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == _REQUEST_ID), None)
    if given is not None and _ACCEPTED_ID.fullmatch(given):
        return str(given.decode())
    return f"{_PROCESS}-{next(_numbers):x}"


def _content_length(headers: list[tuple[bytes, bytes]]) -> int | None:
    return next((int(value) for name, value in headers if name == b"content-length"), None)


def _actor(scope: Scope) -> str:
    subject: Subject | None = scope.get(SUBJECT)
    return subject.name if subject is not None else ""
