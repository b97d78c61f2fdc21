"""
The present objects of one resource, in order of namespace and name.

The order is kept with each change, so that a list sorts nothing, and a namespace is one stretch of it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence

from wharfinger.cluster.states import State, States

Names = tuple[str, ...]
"""Namespace ("" at the scope of the cluster) and name."""


class Shelf:
    def __init__(self) -> None:
        self._states: dict[Names, State] = {}
        self._order: list[Names] = []

    def get(self, names: Names) -> State | None:
        return self._states.get(names)

    def put(self, names: Names, state: State) -> None:
        if names not in self._states:
            insort(self._order, names)
        self._states[names] = state

    def remove(self, names: Names) -> None:
        if self._states.pop(names, None) is not None:
            del self._order[bisect_left(self._order, names)]

    def list(self, namespace: str | None, after: Names | None = None) -> States:
        """In `namespace` (None: all), from behind `after` on."""
        return States([self._states[names] for names in self._stretch(namespace, after)])

    def list_with(
        self, then: Mapping[Names, State | None], namespace: str | None, after: Names | None = None
    ) -> States:
        """The same where some objects were otherwise, or (None) were not there."""
        if not then:
            return self.list(namespace, after)
        states = {names: self._states[names] for names in self._stretch(namespace, after)}
        for names, state in then.items():
            states.pop(names, None)
            if state is not None and _within(names, namespace, after):
                states[names] = state
        return States([states[names] for names in sorted(states)])

    def _stretch(self, namespace: str | None, after: Names | None) -> Sequence[Names]:
        order, start, stop = self._order, 0, len(self._order)
        if namespace is not None:
            start = bisect_left(order, (namespace,))
            stop = bisect_left(order, (f"{namespace}\0",))
        if after is not None:
            start = max(start, bisect_right(order, after))
        return order[start:stop]


def _within(names: Names, namespace: str | None, after: Names | None) -> bool:
    return namespace in (None, names[0]) and (after is None or names > after)
