"""
How far a storage order is, told on stderr while it runs.

A person at a terminal sees one line for each step, which moves while a long one goes on. A log gets a
line where a step begins and at each tenth of a long one. A program that asked for JSON gets each as an
object on a line of its own. Whoever does not listen any more does not stop the order.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Final, TextIO

from wharfinger.cli.options import Format
from wharfinger.cli.terminal import sanitized
from wharfinger.hosts.on_host.storage.outcomes import Progress

_TENTHS: Final = 10
_HERE: Final = "\r\x1b[K"
"""Back to the start of the line, which is emptied."""


@contextmanager
def telling(form: Format, stream: TextIO | None = None) -> Iterator[Callable[[Progress], None]]:
    """Gives what tells it in this form."""
    sink = sys.stderr if stream is None else stream
    if form in (Format.JSON, Format.YAML):
        yield _quietly(lambda one: print(json.dumps(asdict(one)), file=sink, flush=True))
    elif sink.isatty():
        line = _Line(sink)
        try:
            yield _quietly(line)
        finally:
            with suppress(OSError):
                line.end()
    else:
        yield _quietly(_Log(sink))


class _Line:
    def __init__(self, sink: TextIO) -> None:
        self._sink = sink
        self._step: tuple[int, bool] | None = None

    def __call__(self, one: Progress) -> None:
        if self._step != (one.step, one.back):
            self.end()
        self._step = (one.step, one.back)
        print(f"{_HERE}{text_of(one)}", end="", file=self._sink, flush=True)

    def end(self) -> None:
        """What comes next begins a line of its own."""
        if self._step is not None:
            print(file=self._sink, flush=True)
        self._step = None


class _Log:
    def __init__(self, sink: TextIO) -> None:
        self._sink = sink
        self._told: tuple[int, str, int] | None = None

    def __call__(self, one: Progress) -> None:
        tenth = one.done * _TENTHS // one.whole if one.whole else 0
        now = (one.step, one.what, tenth)
        if now != self._told:
            print(text_of(one), file=self._sink, flush=True)
        self._told = now


def text_of(one: Progress) -> str:
    word = "back" if one.back else "step"
    head = sanitized(f"{word} {one.step}/{one.steps}: {one.name}")
    if not one.what:
        return head
    far = f"{one.done * 100 // one.whole} %" if one.whole else str(one.done)
    return f"{head}: {sanitized(one.what)} {far}"


def _quietly(tell: Callable[[Progress], None]) -> Callable[[Progress], None]:
    def telling(one: Progress) -> None:
        with suppress(OSError):
            tell(one)

    return telling
