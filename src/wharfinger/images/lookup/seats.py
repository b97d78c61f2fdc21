"""So many questions at a time, and so many for one namespace; the others are turned away at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Busy(Exception):
    """Too many ask already."""


class Seats:
    def __init__(self, most: int, most_of_one: int) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._taken: Counter[str] = Counter()
        self._total = 0

    @contextmanager
    def take(self, namespace: str) -> Iterator[None]:
        """Raise `Busy`."""
        if self._taken[namespace] >= self._most_of_one or self._total >= self._most:
            raise Busy
        self._taken[namespace] += 1
        self._total += 1
        try:
            yield
        finally:
            self._total -= 1
            self._taken[namespace] -= 1
            if not self._taken[namespace]:
                del self._taken[namespace]
