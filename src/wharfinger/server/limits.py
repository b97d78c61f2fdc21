"""
What a request may not be, before anybody looks at what it asks for.

The size of its head, the shape of its path, the size of a body that is no blob, and the time
between two pieces of a body. Paths are refused where two readers could disagree about them:
an encoded slash, a dot segment, a control character.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable

from starlette.types import Message, Receive, Scope

from wharfinger.errors import BadInput, TooLarge
from wharfinger.server.handlers import first_segment

MAX_HEADER_BYTES = 32 * 1024
MAX_HEADERS = 100
MAX_TARGET_BYTES = 16 * 1024
MAX_BODY_BYTES = 4 * 1024 * 1024  # outside /v2, which streams and has limits of its own
MAX_REVIEW_BYTES = 8 * 1024 * 1024  # an object as it was and as it shall be, of 3 MiB at most each
BODY_IDLE_SECONDS = 60.0
MAX_REST_BYTES = 256 * 1024
REST_SECONDS = 2.0
_FRAMING = (b"content-length", b"transfer-encoding")
_LIMITS: dict[str, int | None] = {
    "v2": None,
    "validate": MAX_REVIEW_BYTES,
    "mutate": MAX_REVIEW_BYTES,
    "image-review": MAX_REVIEW_BYTES,
}
_AMBIGUOUS = (b"%2f", b"%5c", b"%00", b"\\")


class BadTarget(BadInput):
    code = "bad-target"


class AmbiguousBody(BadInput):
    code = "ambiguous-body"


class TargetTooLong(TooLarge):
    code = "target-too-long"


class HeadersTooLarge(TooLarge):
    code = "headers-too-large"


class BodyTooLarge(TooLarge):
    code = "body-too-large"


class BodyTooSlow(TooLarge):
    code = "body-too-slow"


def check_head(scope: Scope) -> None:
    """Raise if the target or the headers are over a limit or ambiguous."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    if len(raw) + len(scope["query_string"]) > MAX_TARGET_BYTES:
        raise TargetTooLong(f"cannot take a request target over {MAX_TARGET_BYTES} bytes")
    check_path(scope["path"], raw)
    check_headers(scope["headers"])


def check_path(path: str, raw: bytes) -> None:
    lowered = raw.lower()
    if any(part in lowered for part in _AMBIGUOUS) or "\\" in path:
        raise BadTarget("cannot take a path with an encoded slash, a backslash or a NUL")
    if "/." in path and any(segment in (".", "..") for segment in path.split("/")):
        raise BadTarget("cannot take a path with a segment '.' or '..'")
    if not path.isprintable():
        raise BadTarget("cannot take a path with control characters")


def check_headers(headers: Iterable[tuple[bytes, bytes]]) -> None:
    count = size = framings = 0
    for name, value in headers:
        count += 1
        size += len(name) + len(value)
        framings += name in _FRAMING
    if framings > 1:
        raise AmbiguousBody("cannot tell where the body ends: more than one header says so")
    if count > MAX_HEADERS or size > MAX_HEADER_BYTES:
        raise HeadersTooLarge(
            f"cannot take more than {MAX_HEADERS} headers or {MAX_HEADER_BYTES} bytes of them"
        )


class Body:
    """`receive` with the limits on, and a count of the bytes that came.

    A body may come in very many pieces, so one timer watches over all of them: it is set once,
    and when it fires looks how long the present piece has been waited for.
    """

    __slots__ = ("_complete", "_given_up", "_limit", "_receive", "_since", "_timer", "received")

    def __init__(self, receive: Receive, path: str) -> None:
        self._receive = receive
        self._limit = _LIMITS.get(first_segment(path), MAX_BODY_BYTES)
        self._complete = False
        self._given_up = False
        self._since: float | None = None  # None while nobody waits for a piece
        self._timer: asyncio.TimerHandle | None = None
        self.received = 0

    async def __call__(self) -> Message:
        if self._complete:  # only the client's going away is still awaited, however long
            return await self._receive()
        message = await self._next()
        self.received += len(message.get("body", b""))
        if not message.get("more_body", False):
            self._complete = True
            self._stop_timer()
        if self._limit is not None and self.received > self._limit:
            raise BodyTooLarge(f"cannot take a body over {self._limit} bytes here")
        return message

    async def take_rest(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Take what a client still sends that is about to be refused, within bounds.

        A connection that is closed before its client has sent all is reset, and then the client
        does not read the answer. One that asks before it sends is answered instead.
        """
        if self._given_up or any(name == b"expect" for name, _ in headers):
            return
        before = self.received
        with contextlib.suppress(TimeoutError, BodyTooLarge):
            async with asyncio.timeout(REST_SECONDS):
                while not self._complete and self.received - before < MAX_REST_BYTES:
                    await self()

    async def _next(self) -> Message:
        loop = asyncio.get_running_loop()
        self._since = loop.time()
        task = asyncio.current_task()
        if self._timer is None and task is not None:
            self._timer = loop.call_later(BODY_IDLE_SECONDS, self._look, loop, task)
        try:
            return await self._receive()
        except asyncio.CancelledError:
            if self._given_up and task is not None and task.uncancel() == 0:
                raise BodyTooSlow(
                    f"cannot wait longer: nothing of the body came for {BODY_IDLE_SECONDS:.0f} s"
                ) from None
            raise
        finally:
            self._since = None

    def _look(self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[object]) -> None:
        self._timer = None
        if self._since is None:
            return
        left = self._since + BODY_IDLE_SECONDS - loop.time()
        if left <= 0:
            self._given_up = True
            task.cancel()
        else:
            self._timer = loop.call_later(left, self._look, loop, task)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
