"""
What a plan for the storage of a host is made of: steps with their reasons, forecasts, refusals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wharfinger.hosts.on_host.changes import Disruption
from wharfinger.hosts.on_host.storage.steps import Step, StorageOrder

_NOTHING: Final = StorageOrder()


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """`why` is for a person; `disruption` is what the step costs the containers of the host."""

    step: Step
    why: str
    disruption: Disruption = Disruption.NONE


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that may not be done, and so nothing of the plan is. `code` is stable ("mounted", "swap",
    "raid-member", "luks", "zfs", "lvm-member", "foreign-signature", "read-only", "too-small",
    "vanished", "no-ftype", "containers-running", "no-space", …)."""

    code: str
    subject: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """Room that a plan needs at a place, in bytes."""

    place: str
    needed: int
    free: int
    why: str

    @property
    def fits(self) -> bool:
        return self.needed <= self.free


@dataclass(frozen=True, slots=True)
class StoragePlan:
    """Without steps and refusals the host is already so. With a refusal, `steps` are those that would
    be done otherwise, and the plan cannot be applied. `notes` are what a person should know: what is
    left as it is, and why."""

    steps: tuple[PlannedStep, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    notes: tuple[str, ...] = ()
    order: StorageOrder = _NOTHING

    @property
    def disruption(self) -> Disruption:
        return max((one.disruption for one in self.steps), default=Disruption.NONE)
