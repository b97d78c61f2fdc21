"""
A watch, read: lines of JSON become events.

A line that was cut, a connection that broke and a silence all end it without an error, since
whoever watches goes on from the last revision. Bookmarks come about every minute, so that a silence
of longer is not that of a cluster at rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

import aiohttp
import msgspec

from wharfinger.maintenance import model
from wharfinger.maintenance.api import ApiFault, PodEvent
from wharfinger.maintenance.kube import answers as kube_answers
from wharfinger.maintenance.kube import objects as kube_objects
from wharfinger.maintenance.kube.answers import Status
from wharfinger.maintenance.kube.objects import Event
from wharfinger.maintenance.kube.transport import ANSWER_LIMIT

_DELETED: Final = "DELETED"
_KNOWN: Final = ("ADDED", "MODIFIED", _DELETED, "BOOKMARK")


async def events(
    content: aiohttp.StreamReader, what: str, quiet: float
) -> AsyncGenerator[PodEvent, None]:
    """Raise `WatchExpired` when the server says so; `quiet`: seconds of silence that end it."""
    async for line in _lines(content, what, quiet):
        try:
            event = _event(kube_objects.EVENTS.decode(line), what)
        except (msgspec.MsgspecError, LookupError, ValueError, RecursionError) as error:
            raise ApiFault(f"cannot {what}: a line is no event of pods") from error
        if event is not None:
            yield event


def _event(event: Event, what: str) -> PodEvent | None:
    if event.type == "ERROR":
        said = kube_answers.decoded(event.object) or {}
        code = said.get("code")
        raise kube_answers.error(Status.of(said, code if isinstance(code, int) else 500), what)
    if event.type not in _KNOWN:
        return None
    obj = kube_objects.PODS.one.decode(event.object)
    revision = obj["metadata"]["resourceVersion"]
    if not revision:
        raise ApiFault(f"cannot {what}: an event has no revision to go on from")
    if event.type == "BOOKMARK":
        return PodEvent(revision)
    return PodEvent(revision, model.pod(obj), gone=event.type == _DELETED)


async def _lines(
    content: aiohttp.StreamReader, what: str, quiet: float
) -> AsyncGenerator[bytes, None]:
    """Whole lines; what has no end of line when the stream ends was cut, and is dropped."""
    begun: list[bytes] = []
    size = 0
    while True:
        try:
            async with asyncio.timeout(quiet):
                part = await content.readany()
        except (TimeoutError, aiohttp.ClientError, OSError):
            return
        if not part:
            return
        *ends, rest = part.split(b"\n")
        for end in ends:
            line = b"".join((*begun, end))
            begun, size = [], 0
            if line.strip():
                yield line
        begun.append(rest)
        size += len(rest)
        if size > ANSWER_LIMIT:
            raise ApiFault(f"cannot {what}: a line has more than {ANSWER_LIMIT} bytes")
