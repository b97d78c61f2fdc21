"""
How far each host of a run is, and what is to be done with it next.

    pending → explained → cordoned → evacuated → applied → proven → returned → done
                     └──── no drain needed ────↗       └── not cordoned ──↗
    from anywhere on the way: failed, skipped; both are tried again by a resume

Pure: a state and an event give the next state, so a run is what its journal says. A piece of work is
written down as begun before it is begun. Each can be done again: a cordon knows its run, an apply that
was killed is undone by the next one, and what is applied already changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from wharfinger.hosts.on_host.changes import Disruption


class Step(StrEnum):
    """What a host has reached."""

    PENDING = "pending"
    EXPLAINED = "explained"
    CORDONED = "cordoned"
    EVACUATED = "evacuated"
    APPLIED = "applied"
    PROVEN = "proven"
    RETURNED = "returned"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def over(self) -> bool:
        return self in (Step.DONE, Step.FAILED, Step.SKIPPED)


class Work(StrEnum):
    """What is being done with a host."""

    EVACUATE = "evacuate"
    APPLY = "apply"
    RETURN = "return"
    WATCH = "watch"


@dataclass(frozen=True, slots=True)
class Explained:
    """What the host's plan changes and costs; `plan` is a digest by which it is known again."""

    host: str
    node: str
    disruption: Disruption
    changes: int
    plan: str
    drain: bool


@dataclass(frozen=True, slots=True)
class Begun:
    host: str
    work: Work


@dataclass(frozen=True, slots=True)
class Reached:
    host: str
    step: Step
    message: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """Our cordon is taken away from the node of a host that goes no further: it starts anew if at all."""

    host: str


@dataclass(frozen=True, slots=True)
class Failed:
    host: str
    why: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Nothing was done with the host, or nothing that is left of it."""

    host: str
    why: str


@dataclass(frozen=True, slots=True)
class Retried:
    """A resume has come to the host, and looks anew at what may have changed since."""

    host: str


Event = Explained | Begun | Reached | Opened | Failed | Skipped | Retried


@dataclass(frozen=True, slots=True)
class HostState:
    host: str
    node: str = ""
    step: Step = Step.PENDING
    disruption: Disruption = Disruption.NONE
    changes: int = 0
    plan: str = ""
    drain: bool = False
    doing: Work | None = None
    cordoned: bool = False
    """The node may have a cordon of this run."""
    message: str = ""
    """Why it failed or was skipped, or what was seen last."""

    @property
    def midway(self) -> bool:
        """Something of it was begun and is not over: its plan from before still counts."""
        return not self.step.over and (self.doing is not None or self.step in _ON_THE_WAY)

    @property
    def out(self) -> bool:
        """Its pods are away, or on their way."""
        return self.cordoned and self.step not in (Step.RETURNED, Step.DONE)


class ImpossibleStep(ValueError):
    """A journal says something that cannot have happened, so it is not one of ours."""

    def __init__(self, state: HostState, event: Event) -> None:
        super().__init__(f"{event} cannot follow {state.step} of host {state.host}")


_ON_THE_WAY: Final = frozenset(
    {Step.CORDONED, Step.EVACUATED, Step.APPLIED, Step.PROVEN, Step.RETURNED}
)
TRIED_AGAIN: Final = frozenset({Step.FAILED, Step.SKIPPED, Step.EVACUATED, Step.APPLIED})
_BEGUN_IN: Final[Mapping[Work, frozenset[Step]]] = {
    Work.EVACUATE: frozenset({Step.EXPLAINED, Step.CORDONED}),
    Work.APPLY: frozenset({Step.EXPLAINED, Step.EVACUATED, Step.APPLIED}),
    Work.RETURN: frozenset(Step) - {Step.PENDING, Step.RETURNED, Step.DONE},
    Work.WATCH: frozenset({Step.PROVEN, Step.RETURNED}),
}
_REACHED_BY: Final[Mapping[Step, tuple[frozenset[Work | None], frozenset[Step]]]] = {
    Step.CORDONED: (frozenset({Work.EVACUATE}), frozenset({Step.EXPLAINED, Step.CORDONED})),
    Step.EVACUATED: (frozenset({Work.EVACUATE}), frozenset({Step.EXPLAINED, Step.CORDONED})),
    Step.APPLIED: (frozenset({Work.APPLY}), _BEGUN_IN[Work.APPLY]),
    Step.PROVEN: (frozenset({None}), frozenset({Step.APPLIED})),
    Step.RETURNED: (frozenset({Work.RETURN}), frozenset({Step.EXPLAINED, Step.PROVEN})),
    Step.DONE: (
        frozenset({Work.WATCH, None}),
        frozenset({Step.EXPLAINED, Step.PROVEN, Step.RETURNED}),
    ),
}
"""During which work, and from where."""


def after(state: HostState, event: Event) -> HostState:
    """The state that an event leads to."""
    if not _possible(state, event):
        raise ImpossibleStep(state, event)
    match event:
        case Explained():
            return replace(
                state,
                node=event.node,
                step=Step.EXPLAINED,
                disruption=event.disruption,
                changes=event.changes,
                plan=event.plan,
                drain=event.drain,
                message="",
            )
        case Begun():
            cordoned = state.cordoned or event.work is Work.EVACUATE
            return replace(state, doing=event.work, cordoned=cordoned, message="")
        case Reached():
            return _reached(state, event)
        case Opened():
            step = state.step if state.step.over else Step.EXPLAINED
            return replace(state, step=step, doing=None, cordoned=False)
        case Failed():
            return replace(state, step=Step.FAILED, message=event.why)
        case Skipped():
            return replace(state, step=Step.SKIPPED, doing=None, message=event.why)
        case Retried():
            return replace(state, step=_again(state), doing=None)


def next_work(state: HostState) -> Work | None:
    """What is to be done now; None where nothing is, or it is not explained yet."""
    match state.step:
        case Step.EXPLAINED if state.changes == 0:
            return Work.RETURN if state.cordoned else None
        case Step.EXPLAINED if not state.drain:
            return Work.APPLY
        case Step.EXPLAINED | Step.CORDONED:
            return Work.EVACUATE
        case Step.EVACUATED | Step.APPLIED:
            return Work.APPLY
        case Step.PROVEN if state.cordoned:
            return Work.RETURN
        case Step.PROVEN | Step.RETURNED:
            return Work.WATCH
    return None


def fold(hosts: Iterable[str], events: Iterable[Event]) -> dict[str, HostState]:
    """The states of hosts, in their order, after all that has happened."""
    states = {host: HostState(host) for host in hosts}
    for event in events:
        states[event.host] = after(states.get(event.host, HostState(event.host)), event)
    return states


def _possible(state: HostState, event: Event) -> bool:
    match event:
        case Explained():
            return not state.midway and state.step not in (Step.FAILED, Step.SKIPPED)
        case Begun():
            watched_closed = event.work is Work.WATCH and state.cordoned
            return state.step in _BEGUN_IN[event.work] and not watched_closed
        case Reached():
            works, steps = _REACHED_BY.get(event.step, (frozenset(), frozenset()))
            done_closed = event.step is Step.DONE and state.cordoned
            return state.doing in works and state.step in steps and not done_closed
        case Opened():
            return state.doing is Work.RETURN
        case Failed():
            return not state.step.over
        case Skipped():
            return state.step not in (Step.DONE, Step.FAILED)
        case Retried():
            return state.step in TRIED_AGAIN


def _reached(state: HostState, event: Reached) -> HostState:
    cordoned = state.cordoned and event.step is not Step.RETURNED
    doing = Work.EVACUATE if event.step is Step.CORDONED else None
    return replace(state, step=event.step, doing=doing, cordoned=cordoned, message=event.message)


def _again(state: HostState) -> Step:
    """From where a host goes on: what was proven stays so, and an empty node is proven empty anew."""
    if not state.step.over:
        return Step.CORDONED if state.drain else Step.EXPLAINED
    return Step.RETURNED if state.doing is Work.WATCH else Step.PENDING
