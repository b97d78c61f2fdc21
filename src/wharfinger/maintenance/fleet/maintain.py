"""
Maintain a fleet: one host after the other out of service, changed, proven, and back.

Which host may start is decided in `waves.py`, and what comes next for one in `host_states.py`; here it
is done, and written down before it is begun. A host that fails keeps others from starting, and those
that are under way finish. Its changes have been taken back by the apply itself; its node goes back into
service only if its plan is again the one from before, which proves that the host is as it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from wharfinger.errors import WharfingerError
from wharfinger.hosts.on_host.changes import Disruption
from wharfinger.maintenance.fleet import gates, host_states, waves
from wharfinger.maintenance.fleet.gates import Place
from wharfinger.maintenance.fleet.host_states import (
    Begun,
    Event,
    Failed,
    HostState,
    Opened,
    Reached,
    Skipped,
    Step,
    Work,
)
from wharfinger.maintenance.fleet.journal import Journal
from wharfinger.maintenance.fleet.parts import HostPlan, Hosts, Nodes, Settings, Watcher
from wharfinger.maintenance.fleet.waves import WavePlan
from wharfinger.maintenance.node.progress import Clock, Kind, Progress, State

LOOK_AGAIN: Final = 2.0
"""Seconds between two looks at what keeps hosts from starting."""


class Maintenance:
    """A run over hosts that have been explained and arranged."""

    def __init__(
        self,
        settings: Settings,
        states: Mapping[str, HostState],
        plan: WavePlan,
        *,
        hosts: Hosts,
        nodes: Nodes,
        journal: Journal,
        watcher: Watcher,
        clock: Clock,
        stop: asyncio.Event,
    ) -> None:
        self._settings, self._states, self._plan = settings, dict(states), plan
        self._hosts, self._nodes = hosts, nodes
        self._journal, self._watcher, self._clock, self._stop = journal, watcher, clock, stop
        self._failing = False
        self._said = ""

    @property
    def states(self) -> Mapping[str, HostState]:
        return self._states

    async def run(self) -> str:
        """Maintain until all is done, or until nothing more may start; returns why, if so."""
        tasks: dict[str, asyncio.Task[None]] = {}
        waited = self._clock.now()
        try:
            while True:
                reason, final = self._hold()
                if not tasks and not final and not self._remaining():
                    return ""
                if not reason:
                    if await self._start(tasks) or tasks:
                        waited = self._clock.now()
                    else:
                        reason, final = self._starved(waited)
                if final and not tasks:
                    return reason
                self._say(reason)
                await self._something(tasks, looking=bool(reason) and not final)
        finally:
            await asyncio.gather(*tasks.values(), return_exceptions=True)

    def _hold(self) -> tuple[str, bool]:
        """Why no host may start now, and whether that stays so."""
        if self._failing:
            return "a host has failed", True
        if self._stop.is_set():
            return "it was stopped", True
        if self._settings.paused():
            return "paused", False
        now = self._clock.now()
        opens = self._settings.windows.next_opening(now)
        if opens > now:
            return f"the window opens at {opens.astimezone(UTC):%Y-%m-%d %H:%M} UTC", False
        return "", False

    def _starved(self, since: datetime) -> tuple[str, bool]:
        """Nothing is under way and yet nothing may start: others keep nodes out of service."""
        reason = "too many nodes are not ready or not schedulable"
        seconds = (self._clock.now() - since).total_seconds()
        return reason, seconds >= self._settings.gate_seconds

    def _remaining(self) -> list[str]:
        return [name for name, state in self._states.items() if not state.step.over]

    async def _start(self, tasks: dict[str, asyncio.Task[None]]) -> bool:
        """Start what may start: first what an earlier run has begun, whose node may be out already."""
        remaining = self._remaining()
        names = [name for name in remaining if name not in tasks and self._states[name].midway]
        if not names:
            over = [state.node for state in self._states.values() if state.step.over]
            chosen = waves.ready_to_start(
                self._plan,
                [self._states[name].node for name in tasks],
                over,
                await self._nodes.unavailable(),
            )
            hosts = {self._states[name].node: name for name in remaining}
            names = [hosts[node] for node in chosen]
        for name in names:
            tasks[name] = asyncio.create_task(self._maintain(name))
        return bool(names)

    async def _something(self, tasks: dict[str, asyncio.Task[None]], *, looking: bool) -> None:
        """Wait for a host, for the word to stop, or for the time to look again."""
        others: list[asyncio.Task[object]] = []
        if not self._stop.is_set():
            others.append(asyncio.create_task(self._stop.wait()))
        if looking:
            others.append(asyncio.create_task(self._clock.sleep(LOOK_AGAIN)))
        try:
            await asyncio.wait([*tasks.values(), *others], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in others:
                one.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        for name in [name for name, task in tasks.items() if task.done()]:
            tasks.pop(name).result()

    def _say(self, reason: str) -> None:
        if reason and reason != self._said:
            self._watcher.note(f"no host starts: {reason}")
        self._said = reason

    async def _maintain(self, name: str) -> None:
        do = {
            Work.EVACUATE: self._evacuate,
            Work.APPLY: self._apply,
            Work.RETURN: self._return,
            Work.WATCH: self._watch,
        }
        try:
            while (work := host_states.next_work(self._states[name])) is not None:
                self._write(Begun(name, work))
                if not await do[work](self._states[name]):
                    return
        except WharfingerError as error:
            state = self._states[name]
            closed = f"; node {state.node} may be cordoned still" if state.cordoned else ""
            self._fail(name, f"{error.message}{closed}")

    # Each says whether the host goes on.

    async def _evacuate(self, state: HostState) -> bool:
        def told(progress: Progress) -> None:
            closed = progress.kind in (Kind.CORDONED, Kind.ALREADY_CORDONED)
            if closed and self._states[state.host].step is Step.EXPLAINED:
                self._write(Reached(state.host, Step.CORDONED))
            self._watcher.host(self._states[state.host], progress)

        report = await self._nodes.evacuate(state.node, told=told, stop=self._stop)
        match report.state:
            case State.EVACUATED:
                self._write(Reached(state.host, Step.EVACUATED, report.message))
                return True
            case State.STOPPED:
                return False
            case State.BLOCKED | State.TIMED_OUT:
                await self._open(state)
                self._write(Skipped(state.host, report.message))
                return False
        self._failing = True
        why = report.message
        try:
            await self._open(state)
        except WharfingerError as error:
            why += f"; node {state.node} may be cordoned still: {error.message}"
        self._fail(state.host, why)
        return False

    async def _apply(self, state: HostState) -> bool:
        allowed = Disruption.DRAIN if state.drain else state.disruption
        applied = await self._hosts.apply(state.host, allowed)
        if not applied.trouble:
            self._write(Reached(state.host, Step.APPLIED))
            self._write(Reached(state.host, Step.PROVEN, "; ".join(applied.proofs)))
            return True
        self._failing = True
        self._fail(state.host, f"{applied.trouble}{await self._settled(state)}")
        return False

    async def _settled(self, state: HostState) -> str:
        """Give the node of a failed host back if the host is as it was, and say what was done."""
        if not state.cordoned:
            return ""
        found = (await self._hosts.explain([state.host])).get(state.host, HostPlan())
        if found.trouble or found.digest != state.plan:
            return (
                f"; node {state.node} stays cordoned: it is not proven that the host is as it was"
                + (f" ({found.trouble})" if found.trouble else "")
            )
        await self._open(state)
        return f"; the host is as it was, and node {state.node} is back in service"

    async def _open(self, state: HostState) -> None:
        self._write(Begun(state.host, Work.RETURN))
        await self._nodes.give_back(state.node)
        self._write(Opened(state.host))

    async def _return(self, state: HostState) -> bool:
        await self._nodes.give_back(state.node)
        self._write(Reached(state.host, Step.RETURNED))
        return True

    async def _watch(self, state: HostState) -> bool:
        answer = await gates.watch(
            self._settings.gates,
            Place(self._settings.run, state.host, state.node),
            clock=self._clock,
            seconds=self._settings.gate_seconds,
            told=lambda why: self._watcher.host(replace(self._states[state.host], message=why)),
            stopped=self._stop.is_set,
        )
        if answer is None:
            return False
        if answer.holds:
            self._write(Reached(state.host, Step.DONE, answer.why))
        else:
            self._fail(state.host, f"it was changed and proven, but {answer.why}")
        return answer.holds

    def _fail(self, name: str, why: str) -> None:
        self._failing = True
        self._write(Failed(name, why))

    def _write(self, event: Event) -> None:
        """Keep an event before anything follows from it."""
        self._states[event.host] = state = host_states.after(self._states[event.host], event)
        self._journal.write(event)
        self._watcher.host(state)


async def abort(
    states: Mapping[str, HostState], nodes: Nodes, journal: Journal
) -> dict[str, HostState]:
    """Take back the cordons of a run that will not be resumed.

    A host that an apply may have left half done stays closed, and so does one that was kept closed
    because it is not proven to be as it was.
    """
    found = dict(states)

    def write(event: Event) -> None:
        found[event.host] = host_states.after(found[event.host], event)
        journal.write(event)

    for name, state in states.items():
        doubtful = state.doing is Work.APPLY or state.step is Step.FAILED
        if state.cordoned and not doubtful:
            write(Begun(name, Work.RETURN))
            await nodes.give_back(state.node)
            write(Opened(name))
        if doubtful and not state.step.over:
            write(Failed(name, "aborted while it was changed"))
        elif not state.step.over:
            write(Skipped(name, "aborted"))
    return found
