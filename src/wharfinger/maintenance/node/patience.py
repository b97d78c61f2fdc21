"""
Ask a cluster that may not answer: again after a growing pause, as long as there is hope.

What is lost is the answer, maybe not the deed, so only what may be asked twice is asked through here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, TypeVar

from wharfinger.maintenance.api import ApiFault
from wharfinger.maintenance.node.pacing import Pause
from wharfinger.maintenance.node.progress import Clock

Value = TypeVar("Value")

LONGEST: Final = 120.0
"""Seconds without any answer after which a cluster counts as lost."""
_KEPT: Final = 10.0
"""The longest `Retry-After` of a fault that is kept: a proxy may say an hour, and be back in a minute."""


def until_again(fault: ApiFault, pause: Pause) -> float:
    """Seconds until another try: as the server asks, unless it asks for too much."""
    return max(pause.next(), min(fault.retry_after or 0.0, _KEPT))


class Patience:
    """What is known of a cluster's answers. `hurried` says that there is no time for another try."""

    def __init__(
        self, clock: Clock, *, told: Callable[[ApiFault], None], hurried: Callable[[], bool]
    ) -> None:
        self._clock, self._told, self._hurried = clock, told, hurried
        self._silent_since: datetime | None = None
        self.fault: ApiFault | None = None
        """The last one, while nothing has been answered since."""

    @property
    def ended(self) -> bool:
        if self._silent_since is None:
            return False
        return (self._clock.now() - self._silent_since).total_seconds() > LONGEST

    def answered(self) -> None:
        self._silent_since = self.fault = None

    def failed(self, fault: ApiFault) -> None:
        """Remember a fault; only the first of a row is told."""
        if self._silent_since is None:
            self._silent_since = self._clock.now()
            self._told(fault)
        self.fault = fault

    async def ask(self, request: Callable[[], Awaitable[Value]]) -> Value:
        """Ask until there is an answer; raise the last `ApiFault` when patience has ended."""
        pause = Pause()
        while True:
            try:
                answer = await request()
            except ApiFault as fault:
                self.failed(fault)
                if self.ended or self._hurried():
                    raise
                await self._clock.sleep(until_again(fault, pause))
            else:
                self.answered()
                return answer
