"""
How a copy gets on, told on stderr while it runs.

A person at a terminal sees a row for each blob that is under way, and one for the whole. A log gets a line
for each thing that is done. A program that asked for JSON gets each as an object on a line of its own, and
of a blob each tenth.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from typing import Final, TextIO

from wharfinger.cli.live import Rows
from wharfinger.cli.output import size
from wharfinger.cli.terminal import sanitized
from wharfinger.remote.copy.plan import Plan
from wharfinger.remote.copy.run import Kind, Progress, Told

_SHORT: Final = len("sha256:") + 12
_TENTHS: Final = 10
_BETWEEN: Final = 0.1
"""Seconds between two drawings."""
_SAID: Final = {
    Kind.MOUNTED: "is taken over",
    Kind.COPIED: "copied",
    Kind.AGAIN: "is tried again",
    Kind.IMAGE: "is there",
    Kind.DELETED: "deleted",
    Kind.FAILED: "failed",
}
_OF_BLOBS: Final = frozenset({Kind.BLOB, Kind.MOUNTED, Kind.COPIED, Kind.AGAIN})
_TOLD_APART: Final = frozenset({Kind.AGAIN, Kind.DELETED, Kind.FAILED})


class Telling(StrEnum):
    AUTO = "auto"
    PLAIN = "plain"
    JSON = "json"
    NONE = "none"


def teller(
    form: Telling,
    plan: Plan,
    stream: TextIO | None = None,
    seconds: Callable[[], float] = time.monotonic,
) -> Told:
    """Choose by what was asked for, and by who listens. Who listens no more stops nothing."""
    sink = sys.stderr if stream is None else stream
    if form is Telling.NONE:
        return lambda _: None
    if form is Telling.JSON:
        return Objects(sink)
    if form is Telling.AUTO and sink.isatty():
        return Table(Rows(sink), plan, seconds)
    return Lines(sink)


class Lines:
    def __init__(self, sink: TextIO) -> None:
        self._sink = sink

    def __call__(self, one: Progress) -> None:
        if one.kind is not Kind.BLOB:
            _print(text_of(one), self._sink)


class Objects:
    def __init__(self, sink: TextIO) -> None:
        self._sink = sink
        self._tenths: dict[str, int] = {}

    def __call__(self, one: Progress) -> None:
        if one.kind is Kind.BLOB:
            tenth = one.done * _TENTHS // one.whole if one.whole else 0
            if self._tenths.get(one.name) == tenth:
                return
            self._tenths[one.name] = tenth
        told = {"event": one.kind, "name": one.name, "done": one.done, "whole": one.whole}
        _print(json.dumps({**told, "message": one.message}), self._sink)


class Table:
    """Rows of what is under way. What stays to be read is said above them."""

    def __init__(self, rows: Rows, plan: Plan, seconds: Callable[[], float]) -> None:
        self._rows, self._seconds = rows, seconds
        self._whole, self._images = plan.size, len(plan.moves)
        self._under_way: dict[str, Progress] = {}
        self._done = self._images_done = 0
        self._drawn = float("-inf")

    def __call__(self, one: Progress) -> None:
        if one.kind is Kind.BLOB:
            self._under_way[one.name] = one
            if self._seconds() - self._drawn < _BETWEEN:
                return
        else:
            self._end(one)
        self._draw()

    def _end(self, one: Progress) -> None:
        if one.kind in _OF_BLOBS:
            self._under_way.pop(one.name, None)
            self._done += one.whole
        elif one.kind is Kind.IMAGE:
            self._images_done += 1
        if one.kind in _TOLD_APART:
            self._rows.above(text_of(one))

    def _draw(self) -> None:
        self._drawn = self._seconds()
        rows = [_row(one) for one in self._under_way.values()]
        done = self._done + sum(one.done for one in self._under_way.values())
        images = f"{self._images_done} of {self._images} images"
        self._rows.draw([*rows, f"{images}, {size(done)} of {size(self._whole)}"])


def text_of(one: Progress) -> str:
    what = "blob" if one.kind in _OF_BLOBS else "image"
    amount = f" ({size(one.whole)})" if one.whole else ""
    message = f": {sanitized(one.message)}" if one.message else ""
    return f"{what} {short(one.name)} {_SAID[one.kind]}{amount}{message}"


def short(name: str) -> str:
    """A digest by its beginning, a tag as it is."""
    return name[:_SHORT] if ":" in name else name


def _row(one: Progress) -> str:
    far = one.done * 100 // one.whole if one.whole else 0
    return f"{short(one.name)}  {size(one.done):>9} of {size(one.whole):>9}  {far:3} %"


def _print(line: str, sink: TextIO) -> None:
    with suppress(OSError):
        print(line, file=sink, flush=True)
