"""
Choose which pods to ask for now: as many of each budget as it allows, and all that ask no budget.

Pure. A budget is what was last read of it, less what has been asked for since: so evictions go out
side by side without one of them being made only to be refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
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


class Ledger:
    """What budgets allow, less what was asked for since they were read."""

    def __init__(self, budgets: Iterable[Budget]) -> None:
        self._budgets = {one.name: one for one in budgets}
        self._charges: dict[str, list[Name]] = {}
        self._settled: set[str] = set()

    @property
    def budgets(self) -> tuple[Budget, ...]:
        return tuple(self._budgets.values())

    def charge(self, plans: Iterable[PodPlan], *, most: int = IN_FLIGHT) -> list[PodPlan]:
        """Choose whom to ask for, in their order, and count them."""
        spent = Counter(name for names in self._charges.values() for name in names)
        rooms = {
            name: (budget.allowed if budget.current else 0) - spent[name]
            for name, budget in self._budgets.items()
        }
        chosen: list[PodPlan] = []
        for plan in plans:
            if len(chosen) >= most:
                break
            charged = charged_by(plan, self._budgets)
            if len(charged) > 1 or any(rooms[name] <= 0 for name in charged):
                continue
            for name in charged:
                rooms[name] -= 1
            self._charges[plan.pod.uid] = charged
            chosen.append(plan)
        return chosen

    def refund(self, uid: str) -> None:
        """A pod will not go after all."""
        self._charges.pop(uid, None)

    def refused(self, uid: str) -> bool:
        """A budget said no: it allows nothing until it is read anew. Say whether we knew of one."""
        known = [name for name in self._charges.pop(uid, ()) if name in self._budgets]
        for name in known:
            self._budgets[name] = replace(self._budgets[name], allowed=0)
        return bool(known)

    def begin_reading(self, asking: Iterable[str]) -> None:
        """Budgets are about to be read: they will have counted all but those still asked for."""
        self._settled = set(self._charges) - set(asking)

    def read(self, budgets: Iterable[Budget]) -> bool:
        """Keep what was read; say whether one allows more than we knew."""
        before, self._budgets = self._budgets, {one.name: one for one in budgets}
        for uid in self._settled:
            self._charges.pop(uid, None)
        known = {name: one.allowed for name, one in before.items()}
        return any(one.allowed > known.get(name, 0) for name, one in self._budgets.items())


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
