"""
Stream a watch to one client: one JSON object per line, until one of us goes.

The stream ends when the client leaves, when its time is over, when the server drains, or with an
ERROR that holds a Status: the client has fallen too far behind, or may not see this any more.
The right is asked for again before anything is shown, so that a revocation holds here too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import msgspec
from starlette.types import Receive, Scope, Send

from wharfinger.cluster.feed import Feed, WatchEvent, bookmark
from wharfinger.errors import WharfingerError
from wharfinger.server.kube_answers import Shape
from wharfinger.server.kube_errors import status_object

BOOKMARK_SECONDS: Final = 60.0


class WatchResponse:
    """An ASGI answer, as a `Response` is; `seconds` bounds how long it goes on.

    `require` raises when the client may not see more.
    """

    def __init__(
        self,
        feed: Feed,
        shape: Shape,
        *,
        require: Callable[[], None],
        seconds: float,
        bookmarks: bool,
    ) -> None:
        self._feed = feed
        self._shape = shape
        self._require = require
        self._seconds = seconds
        self._bookmarks = bookmarks
        self._first = True

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-cache, private")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _write(send, b"")
        if await _unless_gone(receive, self._stream(send)):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _stream(self, send: Send) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._seconds
        while (left := end - loop.time()) > 0:
            try:
                events = await self._feed.batch(min(left, BOOKMARK_SECONDS))
                self._require()
            except WharfingerError as error:
                line = msgspec.json.encode({"type": "ERROR", "object": status_object(error)})
                await _write(send, line + b"\n")
                return
            if events is None:
                return
            await _write(send, self._lines(events or self._idle()))

    def _idle(self) -> Sequence[WatchEvent]:
        if not self._bookmarks:
            return ()
        return [WatchEvent("BOOKMARK", bookmark(self._shape.kind, self._feed.revision))]

    def _lines(self, events: Sequence[WatchEvent]) -> bytes:
        lines = bytearray()
        for event in events:
            line: dict[str, Any] = self._shape.event(event, first=self._first)
            self._first = False
            lines += msgspec.json.encode(line) + b"\n"
        return bytes(lines)


async def _unless_gone(receive: Receive, streaming: Coroutine[Any, Any, None]) -> bool:
    """Stream until the end, which is true, or until the client goes.

    One task waits for that all the time and cancels us then: a task for each batch of each watch, as
    `asyncio.wait` needs, took longer than the sending.
    """
    stream = asyncio.ensure_future(streaming)
    gone = asyncio.ensure_future(_gone(receive))
    gone.add_done_callback(lambda _: stream.cancel())
    try:
        await asyncio.wait((stream,))
    finally:
        gone.cancel()
        stream.cancel()
    if stream.cancelled():
        return False
    stream.result()
    return True


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _write(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})
