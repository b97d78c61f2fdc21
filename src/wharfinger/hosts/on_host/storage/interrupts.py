"""
SIGINT and SIGTERM while an order runs: a step that is under way fails, and is taken back in peace.

A signal is let in only where it can be dealt with: in a step. Between steps and on the way back it
waits. A command that a step has started is waited for, since what it changes must not change any more
when we go back: that is why `Interrupted` is no plain `KeyboardInterrupt`, which `subprocess` does not
wait for.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """Somebody wants the order to end."""


class Interrupts:
    """Signals that came, and whether one may interrupt now."""

    def __init__(self) -> None:
        self._came = False
        self._open = False

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take the signals for as long as this lasts. Only a main thread can, and only it gets them."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._take) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def let_in(self) -> Iterator[None]:
        """Raise `Interrupted` when a signal comes, or at once if one came already."""
        self._open = True
        try:
            if self._came:
                raise Interrupted
            yield
        finally:
            self._open = False

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        self._came = True
        if self._open:
            self._open = False
            raise Interrupted
