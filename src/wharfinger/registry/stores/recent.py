"""
The values that were read lately, up to a total weight.

Only what is there is remembered, never that something is absent, so that creating needs no
forgetting; whoever changes or deletes a key must `forget` it before it acknowledges the change
(CVE-2026-35172 was a cache that was not told).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Least recently used goes first; a value heavier than a sixteenth of all is not kept."""

    def __init__(self, capacity: int, weigh: Callable[[V], int]) -> None:
        self._capacity = capacity
        self._weigh = weigh
        self._weight = 0
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def remember(self, key: K, value: V) -> None:
        weight = self._weigh(value)
        if weight > self._capacity // 16:
            return
        self.forget(key)
        self._values[key] = value
        self._weight += weight
        while self._weight > self._capacity:
            _, oldest = self._values.popitem(last=False)
            self._weight -= self._weigh(oldest)

    def forget(self, key: K) -> None:
        value = self._values.pop(key, None)
        if value is not None:
            self._weight -= self._weigh(value)

    def clear(self) -> None:
        self._values.clear()
        self._weight = 0
