"""
How often, and after how long, a question is asked again.

What may pass is asked again: a connection that fails or breaks, a failure of the server (5xx), and
too many requests (429). The wait doubles each time, and a part of it is left to chance, so that many
who failed together do not come back together. A server may ask for a wait of its own (`Retry-After`);
a longer one than we wait is an answer, for whoever asked.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from wharfinger.remote.errors import HttpOnly, NoAnswer, RemoteError, ServerFailed, TooBusy

Wait = Callable[[float], Awaitable[None]]

_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Retry:
    """`times` more than once; waits begin with `first` seconds, and none is longer than `most`."""

    times: int = 3
    first: float = 0.25
    most: float = 10.0

    def pause(self, failures: int, asked: float | None = None) -> float | None:
        """Seconds to wait after so many failures; None: it is enough."""
        if failures > self.times or (asked is not None and asked > self.most):
            return None
        grown: float = self.first * 2 ** (failures - 1)
        chance = random.uniform(0.5, 1.0)  # noqa: S311 (no secret)
        return max(asked or 0.0, min(self.most, grown) * chance)


USUAL: Final = Retry()
NEVER: Final = Retry(times=0)


class Patience:
    """That of one question."""

    def __init__(self, retry: Retry, wait: Wait) -> None:
        self._retry, self._wait = retry, wait
        self._failures = 0
        self.trouble: RemoteError | None = None

    def renew(self) -> None:
        """Something has come: failures before it do not count any more."""
        self._failures = 0

    async def after(self, error: RemoteError) -> None:
        """Wait for the next time to ask; raise `error` where there is none."""
        self.trouble = error
        self._failures += 1
        asked = error.retry_after if isinstance(error, (TooBusy, ServerFailed)) else None
        pause = self._retry.pause(self._failures, asked)
        if pause is None or not _may_pass(error):
            raise error
        await self._wait(pause)


def _may_pass(error: RemoteError) -> bool:
    return isinstance(error, (NoAnswer, TooBusy)) and not isinstance(error, HttpOnly)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds, from a number of them or a date; None for what is neither. RFC 9110, 10.2.3"""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:_DIGITS])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
