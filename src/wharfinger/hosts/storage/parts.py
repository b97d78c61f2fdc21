"""
What one part of a plan asks for, and how parts become one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wharfinger.hosts.storage.planned import Forecast, PlannedStep, Refusal


@dataclass(frozen=True, slots=True)
class Part:
    """`rests_on` are the names of fingerprints that the part counts on, absent things among them;
    `summary` says in a few words what it does."""

    steps: tuple[PlannedStep, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    notes: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()


def joined(parts: Iterable[Part]) -> Part:
    """In their order; what several of them say is said once, but for steps."""
    every = tuple(parts)
    return Part(
        tuple(step for part in every for step in part.steps),
        tuple(dict.fromkeys(one for part in every for one in part.refusals)),
        tuple(dict.fromkeys(one for part in every for one in part.forecasts)),
        tuple(dict.fromkeys(one for part in every for one in part.notes)),
        tuple(dict.fromkeys(one for part in every for one in part.rests_on)),
        tuple(dict.fromkeys(one for part in every for one in part.summary)),
    )


def step(step: PlannedStep, *rests_on: str, summary: str = "") -> Part:
    return Part((step,), rests_on=rests_on, summary=(summary,) if summary else ())


def refused(*refusals: Refusal) -> Part:
    return Part(refusals=refusals)


def noted(*notes: str) -> Part:
    return Part(notes=notes)
