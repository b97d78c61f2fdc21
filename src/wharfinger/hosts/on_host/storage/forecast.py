"""
When will it be full? Pure: samples in, forecasts out.

The rate is the median of the slopes between all pairs of samples (Theil and Sen): one image pulled or a
clean-up does not bend it. It is taken over the last hour and over the last day, and what is full sooner
counts, so that neither a pool that has begun to fill just now nor one that fills slowly is missed.
Nothing is told where there are too few samples, or where it does not grow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Final

from wharfinger.hosts.on_host.storage.fill import Fill

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
FEWEST: Final = 5
"""Samples that say something."""

_SHORTEST: Final = 600.0
_MOST: Final = 96
_FARTHEST: Final = 366 * DAY


@dataclass(frozen=True)
class Point:
    """What was used at a time."""

    time: float
    used: float


@dataclass(frozen=True)
class Forecast:
    """`rate` is in bytes or inodes for a second, `seconds` how long it takes from now until it is full,
    `window` the time that the rate was seen over, in seconds."""

    kind: str
    name: str
    rate: float
    seconds: float
    window: float


def forecast(fill: Fill, points: Sequence[Point], now: float) -> Forecast | None:
    """`points` are in the order of time and reach to now."""
    found = (_over(fill, points, now, window) for window in (HOUR, DAY))
    return min((one for one in found if one is not None), key=lambda one: one.seconds, default=None)


def slope(points: Sequence[Point]) -> float:
    """The median of the slopes between all points of different time; 0 for less than two of them."""
    slopes = [
        (after.used - before.used) / (after.time - before.time)
        for before, after in combinations(_spread(points), 2)
        if after.time > before.time
    ]
    return median(slopes) if slopes else 0.0


def _over(fill: Fill, points: Iterable[Point], now: float, window: float) -> Forecast | None:
    seen = [one for one in points if now - window <= one.time <= now]
    if len(seen) < FEWEST or seen[-1].time - seen[0].time < _SHORTEST:
        return None
    rate = slope(seen)
    if rate <= 0:
        return None
    seconds = max(fill.size - fill.used, 0) / rate
    return Forecast(fill.kind, fill.name, rate, seconds, window) if seconds < _FARTHEST else None


def _spread(points: Sequence[Point]) -> list[Point]:
    """Enough of them, from the first to the last: the pairs grow with the square."""
    if len(points) <= _MOST:
        return list(points)
    last = len(points) - 1
    return [points[at * last // (_MOST - 1)] for at in range(_MOST)]
