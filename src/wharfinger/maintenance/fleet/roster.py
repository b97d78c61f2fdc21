"""
Who may be evacuated beside whom: the room that limits leave, and what budgets bear.

Pure. Waves, and what a runner that does not wait for the slowest starts next, are both taken from here,
so that they are held by the same rules; what these are for stands in `waves.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from wharfinger.maintenance.fleet.limits import Limits, Order
from wharfinger.maintenance.model import Name


@dataclass(frozen=True, slots=True)
class Place:
    """The nodes of one value of the label by which limits are held; all nodes, without a label."""

    value: str
    whole: int
    limit: int
    """So many of the whole may be out of service."""


@dataclass(frozen=True, slots=True)
class Turn:
    node: str
    needs: Mapping[Name, int]
    """By budget: how many of its pods are gone for a while when the node is evacuated."""


class Batch(NamedTuple):
    turns: list[Turn]
    full: bool
    """One was passed over because there was no room for it."""
    tight: set[Name]
    """Budgets that bear no more, or less than one needs that was passed over."""


@dataclass(frozen=True, slots=True)
class Roster:
    """All that decides who may start beside whom."""

    turns: tuple[Turn, ...]
    """In the order in which they are tried."""
    limits: Limits
    places: Mapping[str, Place]
    """By node, also of nodes that have no turn."""
    bears: Mapping[Name, int]
    """By budget: how many of its pods may be gone for a while at once."""
    canaries: frozenset[str]
    most: int
    """How many may be under way in all places together."""

    def batch(
        self, waiting: Sequence[Turn], going: Sequence[Turn], unavailable: Collection[str]
    ) -> Batch:
        """Those of `waiting` that may start together, beside those that are going.

        Both are turns of this roster, in its order.
        """
        canaries = [turn for turn in waiting[: len(self.canaries)] if turn.node in self.canaries]
        if not waiting or any(turn.node in self.canaries for turn in going):
            return Batch([], False, set())
        asked, most = (canaries, 1) if canaries else self._open(waiting, going)
        room = _Room(self, going, unavailable)
        turns: list[Turn] = []
        full = False
        for turn in asked:
            if len(going) + len(turns) >= most:
                full = True
                break
            if not room.has_place(turn):
                full = True
            elif room.bears(turn):
                room.take(turn)
                turns.append(turn)
        return Batch(turns, full, room.tight)

    def _open(self, waiting: Sequence[Turn], going: Sequence[Turn]) -> tuple[Iterable[Turn], int]:
        """Those whose place is open, and how many may be under way in all of these places."""
        if self.limits.order is Order.SIDE_BY_SIDE or not self.limits.per:
            return waiting, self.most
        current = self.places[(going or waiting)[0].node]
        return takewhile(lambda turn: self.places[turn.node] == current, waiting), current.limit


class _Room:
    """What is free beside those that are under way."""

    def __init__(self, roster: Roster, going: Sequence[Turn], unavailable: Collection[str]) -> None:
        self._places, self._most = roster.places, roster.bears
        self._unavailable = frozenset(unavailable)
        outside = [self._places[name].value for name in unavailable if name in self._places]
        self._out = Counter(outside)
        self._going: Counter[str] = Counter()
        self._used: Counter[Name] = Counter()
        self._spent: set[Name] = set()
        self._passed_over: set[Name] = set()
        for turn in going:
            self.take(turn)

    @property
    def tight(self) -> set[Name]:
        return self._spent | self._passed_over

    def has_place(self, turn: Turn) -> bool:
        """One that is out already takes no second place."""
        place = self._places[turn.node]
        taken = self._going if turn.node in self._unavailable else self._out
        return taken[place.value] < place.limit

    def bears(self, turn: Turn) -> bool:
        """Whether each budget bears its pods, or has no others to bear."""
        if not turn.needs.keys().isdisjoint(self._spent):
            return False
        over = [
            name
            for name, count in turn.needs.items()
            if self._used[name] and self._used[name] + count > self._most[name]
        ]
        self._passed_over.update(over)
        return not over

    def take(self, turn: Turn) -> None:
        value = self._places[turn.node].value
        self._going[value] += 1
        self._out[value] += turn.node not in self._unavailable
        for name, count in turn.needs.items():
            self._used[name] += count
            if self._used[name] >= self._most[name]:
                self._spent.add(name)
