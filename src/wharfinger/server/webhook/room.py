"""
How much of what is sent may be in memory at a time.

A review is held while registries are asked for its images, so a flood of large ones would fill the
memory of the process long before it filled its processor. Who finds no room comes again later.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from wharfinger.errors import Unavailable

TOTAL: Final = 128 << 20


class NoRoom(Unavailable):
    code = "no-room"
    retry_after = 1

    def __init__(self) -> None:
        super().__init__("cannot take this review now: too many are being answered")


class Room:
    def __init__(self, total: int = TOTAL) -> None:
        self.left = total

    @contextmanager
    def take(self, size: int) -> Iterator[None]:
        """Raise `NoRoom`."""
        if size > self.left:
            raise NoRoom
        self.left -= size
        try:
            yield
        finally:
            self.left += size
