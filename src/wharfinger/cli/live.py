"""
Lines at the end of a terminal that are drawn anew where they stand, while something long goes on.

Never more than the terminal is high: what has scrolled away could not be drawn over any more.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, TextIO

_UP: Final = "\x1b[{}F\x1b[J"
"""So many lines up, to their start, and everything from there on emptied."""
_UNKNOWN_SIZE: Final = os.terminal_size((80, 24))


class Rows:
    """Whoever does not listen any more does not stop what goes on."""

    def __init__(self, sink: TextIO) -> None:
        self._sink = sink
        self._drawn = 0

    def draw(self, lines: Sequence[str]) -> None:
        """Put these lines, at least one, in the place of those drawn last."""
        size = _size(self._sink)
        shown = [line[: size.columns - 1] for line in lines]
        if len(shown) >= size.lines:
            hidden = len(shown) - size.lines + 2
            shown = [*shown[: size.lines - 2], f"… and {hidden} more"]
        self._write("\n".join([self._erasing() + shown[0], *shown[1:], ""]))
        self._drawn = len(shown)

    def above(self, line: str) -> None:
        """Say something that stays; the rows follow when they are drawn next."""
        self._write(f"{self._erasing()}{line}\n")
        self._drawn = 0

    def _erasing(self) -> str:
        return _UP.format(self._drawn) if self._drawn else ""

    def _write(self, text: str) -> None:
        with suppress(OSError):
            self._sink.write(text)
            self._sink.flush()


def _size(sink: TextIO) -> os.terminal_size:
    try:
        size = os.get_terminal_size(sink.fileno())
    except (OSError, ValueError):
        return _UNKNOWN_SIZE
    return size if size.columns and size.lines else _UNKNOWN_SIZE
