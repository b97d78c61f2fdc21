"""Turn samples into the tables that `make bench` prints, and tell each as it is taken."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

OURS = "wharfinger"
THEIRS = "docker-registry"


@dataclass(frozen=True, slots=True)
class Measure:
    """What was measured, in which unit, and which way is better."""

    name: str
    unit: str
    better: Literal["higher", "lower"]

    def ratio(self, ours: float, theirs: float) -> float:
        """How many times as fast ours is; above 1 it is ahead."""
        return ours / theirs if self.better == "higher" else theirs / ours


Samples = Mapping[Measure, Mapping[str, Sequence[float]]]


def table(samples: Samples, *, theirs: str) -> str:
    """A Markdown table of medians, with the spread of the samples behind each."""
    rows = [("measure", "unit", OURS, theirs, "ratio"), ("---",) * 5]
    for measure, by_name in samples.items():
        mine, other = by_name[OURS], by_name[theirs]
        ratio = measure.ratio(statistics.median(mine), statistics.median(other))
        rows.append((measure.name, measure.unit, _cell(mine), _cell(other), f"{ratio:.2f}"))
    return _markdown(rows)


def figures(samples: Mapping[Measure, Sequence[float]], goals: Mapping[Measure, str]) -> str:
    """The same where there is nobody to be measured against, with what each figure has to be."""
    rows = [("measure", "unit", OURS, "goal"), ("---",) * 4]
    rows += [(one.name, one.unit, _cell(taken), goals[one]) for one, taken in samples.items()]
    return _markdown(rows)


def tell(number: int, contender: str, measure: Measure, sample: float) -> None:
    """Say what was measured just now; round 0 warms up and is not counted."""
    name = f"round {number}" if number else "warm-up"
    print(f"{name}: {contender}: {measure.name}: {sample:,.2f} {measure.unit}", file=sys.stderr)


def _markdown(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"
        for row in rows
    )


def _cell(samples: Sequence[float]) -> str:
    low, middle, high = min(samples), statistics.median(samples), max(samples)
    return f"{_number(middle)} ({_number(low)}–{_number(high)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
