"""Turn samples into the table that `make bench` prints. Pure: numbers in, text out."""

from __future__ import annotations

import statistics
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


def table(samples: Samples) -> str:
    """A Markdown table of medians, with the spread of the samples behind each."""
    rows = [("measure", "unit", OURS, THEIRS, "ratio"), ("---",) * 5]
    for measure, by_name in samples.items():
        ours, theirs = by_name[OURS], by_name[THEIRS]
        ratio = measure.ratio(statistics.median(ours), statistics.median(theirs))
        rows.append((measure.name, measure.unit, _cell(ours), _cell(theirs), f"{ratio:.2f}"))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"
        for row in rows
    )


def _cell(samples: Sequence[float]) -> str:
    low, middle, high = min(samples), statistics.median(samples), max(samples)
    return f"{_number(middle)} ({_number(low)}–{_number(high)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
