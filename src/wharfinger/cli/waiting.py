"""Wait for the server to get somewhere by itself, within a limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from wharfinger.cli.errors import TimedOut
from wharfinger.cli.terminal import progress

FIRST_PAUSE: Final = 0.02
LONGEST_PAUSE: Final = 0.5


def until(reached: Callable[[], bool], *, what: str, seconds: float) -> None:
    """Ask again and again, ever more slowly; raise `TimedOut` when the time is over."""
    deadline = time.monotonic() + seconds
    pause = FIRST_PAUSE
    told = False
    while not reached():
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimedOut(what, seconds, remedy="give a longer --request-timeout")
        if not told and pause >= LONGEST_PAUSE:
            progress(f"waiting for {what}…")
            told = True
        time.sleep(min(pause, left))
        pause = min(pause * 2, LONGEST_PAUSE)
