"""What an evacuation tells while it runs and when it has ended, and how it knows the time: values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from wharfinger.maintenance.explain import NodePlan, PodPlan
from wharfinger.maintenance.model import Name


class Clock(Protocol):
    def now(self) -> datetime: ...

    async def sleep(self, seconds: float) -> None: ...


class State(StrEnum):
    """How an evacuation ended."""

    EVACUATED = "evacuated"
    BLOCKED = "blocked"
    """Pods are left that a person must do something about; with a plan that blocks, nothing was done."""
    TIMED_OUT = "timed-out"
    STOPPED = "stopped"
    FAILED = "failed"
    """The cluster did not answer, would not, or somebody else interfered."""


class Kind(StrEnum):
    """What a piece of progress is about."""

    EXPLAINED = "explained"
    CORDONED = "cordoned"
    ALREADY_CORDONED = "already-cordoned"
    EVICTING = "evicting"
    """A pod is asked to go, for the first time."""
    HELD = "held"
    """A pod may not go now; told again only when the reason is another."""
    ACCEPTED = "accepted"
    """The cluster will end the pod, or would in a rehearsal."""
    GONE = "gone"
    """A pod is not on the node any more."""
    LEFT = "left"
    """A pod is not asked again, or not waited for."""
    CAME = "came"
    """A pod has come to the node after it was explained."""
    SLOW = "slow"
    """A pod takes longer to end than it may."""
    REPLACEMENTS = "replacements"
    """What is not ready elsewhere yet."""
    FAULT = "fault"
    """The cluster does not answer; told once until it does."""
    REOPENED = "reopened"
    """Our cordon was taken away again."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Progress:
    node: str
    kind: Kind
    pod: Name | None
    message: str
    """A sentence; of a pod that is held, the words of the API."""
    left: int
    """How many pods are still to go."""


Told = Callable[[Progress], None]


class Reopen(StrEnum):
    """When a cordon of this run is taken away though the node was not evacuated."""

    UNTOUCHED = "untouched"
    """If no pod can have been evicted: then the node is left as it was found."""
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Gone:
    pod: Name
    uid: str
    evicted: bool
    """Whether we asked for it; else it went by itself."""
    seconds: float
    """From the beginning of the evacuation."""


@dataclass(frozen=True, slots=True)
class Report:
    node: str
    state: State
    plan: NodePlan
    """As it was explained before anything was done."""
    gone: tuple[Gone, ...]
    left: tuple[PodPlan, ...]
    """Pods that should have gone, each with what keeps it."""
    seconds: float
    cordoned: bool
    """Whether the node is left with the cordon of this run."""
    message: str
    """A sentence on what came of it and, where it is not done, on how to go on."""
