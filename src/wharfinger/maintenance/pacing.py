"""
Choose which pods to ask for now: as many of each budget as it allows, and all that ask no budget.

Pure. A budget is what was last read of it, less what has been asked for since: so evictions go out
side by side without one of them being made only to be refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from wharfinger.maintenance import slack
from wharfinger.maintenance.explain import PodPlan
from wharfinger.maintenance.model import Budget, Name

IN_FLIGHT: Final = 32
"""Most evictions that are asked for at a time on one node."""
_FIRST: Final = 0.1
_GROWTH: Final = 1.5
_LONGEST: Final = 5.0


class Pause:
    """A pause that grows with each time that nothing came of waiting."""

    def __init__(self) -> None:
        self._next = _FIRST

    def next(self) -> float:
        now, self._next = self._next, min(self._next * _GROWTH, _LONGEST)
        return now

    def reset(self) -> None:
        self._next = _FIRST


def choose(
    plans: Iterable[PodPlan],
    budgets: Mapping[Name, Budget],
    spent: Mapping[Name, int],
    *,
    most: int = IN_FLIGHT,
) -> list[PodPlan]:
    """Choose from those that wait, in their order; `spent` is what was asked for since the reading."""
    rooms = {
        name: (budget.allowed if budget.current else 0) - spent.get(name, 0)
        for name, budget in budgets.items()
    }
    chosen: list[PodPlan] = []
    for plan in plans:
        if len(chosen) >= most:
            break
        charged = charged_by(plan, budgets)
        if len(charged) > 1 or any(rooms[name] <= 0 for name in charged):
            continue
        for name in charged:
            rooms[name] -= 1
        chosen.append(plan)
    return chosen


def charged_by(plan: PodPlan, budgets: Mapping[Name, Budget]) -> list[Name]:
    """Name the budgets from which the eviction of a pod takes.

    Of more than one the API can ask none, though a pod that is not ready might cost nothing.
    """
    if not slack.guarded(plan.pod):
        return []
    covering = [name for name in plan.budgets if name in budgets]
    if len(covering) > 1:
        return covering
    return [name for name in covering if not slack.spared(plan.pod, budgets[name])]
