"""
Evacuate some nodes and tell everybody who wants to hear of it, each in their way.

All nodes are explained before the first is touched. Then each is closed when its turn comes, so that
never more of them are being emptied than was asked for; a node that cannot be emptied does not keep the
others from it. What came of each is kept, and what that means for the command is for `evacuate.py`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from wharfinger.cli import nodes
from wharfinger.cli.evacuate_progress import Teller
from wharfinger.cli.metrics_file import MetricsFile
from wharfinger.errors import WharfingerError
from wharfinger.maintenance import survey
from wharfinger.maintenance.api import Api
from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.explain import Explainer, NodePlan
from wharfinger.maintenance.model import Name, Node
from wharfinger.maintenance.node import drain_metrics, evacuation, notices
from wharfinger.maintenance.node.announcing import Announcer
from wharfinger.maintenance.node.drain_metrics import Standing
from wharfinger.maintenance.node.progress import Clock, Kind, Progress, Reopen, Report
from wharfinger.maintenance.options import Options
from wharfinger.maintenance.verdict import Code, Outcome

_TICK: Final = 1.0
STUCK: Final = 30.0
"""Seconds without a pod that went after which those who do not watch are told what holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to do to all of the nodes."""

    options: Options
    note: Note
    at_once: int
    reopen: Reopen


@dataclass(slots=True)
class Outcomes:
    reports: dict[str, Report] = field(default_factory=dict)
    failures: dict[str, WharfingerError] = field(default_factory=dict)
    """Of nodes of which nothing could be learnt."""
    not_begun: list[str] = field(default_factory=list)
    """Whose turn had not come when it was stopped."""


async def explained(
    api: Api, chosen: Sequence[Node], options: Options, *, clock: Clock
) -> list[NodePlan]:
    """What would become of each pod of these nodes now."""
    names = [node.name for node in chosen]
    looked = await survey.read(api, names)
    explainer = Explainer(looked.cluster, options, clock.now())
    return [explainer.node(name) for name in names]


async def run(
    api: Api,
    plans: Sequence[NodePlan],
    order: Order,
    *,
    teller: Teller,
    announcer: Announcer,
    metrics: Path | None,
    stop: asyncio.Event,
    clock: Clock,
) -> Outcomes:
    """Evacuate the nodes of these plans, some at a time."""
    outcomes, turn = Outcomes(), asyncio.Semaphore(order.at_once)
    book = Book(metrics, teller, clock)
    listening: list[Ears] = []

    async def one(plan: NodePlan) -> None:
        async with turn:
            if stop.is_set():
                outcomes.not_begun.append(plan.node.name)
                return
            ears = Ears(plan, order, teller, announcer, book)
            listening.append(ears)
            await _evacuate(api, plan, order, outcomes, ears, stop=stop, clock=clock)

    ticking = asyncio.create_task(_tick(teller, listening, clock))
    try:
        await asyncio.gather(*(one(plan) for plan in plans))
    finally:
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking
    return outcomes


async def rehearse(
    api: Api, plans: Sequence[NodePlan], options: Options, *, teller: Teller, clock: Clock
) -> Outcomes:
    """Have the cluster say what it would do, and change nothing."""
    outcomes = Outcomes()
    for plan in plans:
        name = plan.node.name
        try:
            report = await evacuation.rehearse(
                api, name, options, told=teller.progress, clock=clock
            )
        except WharfingerError as error:
            outcomes.failures[name] = nodes.told(error)
        else:
            outcomes.reports[name] = report
            teller.ended(report)
    return outcomes


async def _evacuate(
    api: Api,
    plan: NodePlan,
    order: Order,
    outcomes: Outcomes,
    ears: Ears,
    *,
    stop: asyncio.Event,
    clock: Clock,
) -> None:
    try:
        report = await evacuation.evacuate(
            api,
            plan.node.name,
            order.options,
            order.note,
            told=ears.progress,
            stop=stop,
            clock=clock,
            reopen=order.reopen,
        )
    except WharfingerError as error:
        outcomes.failures[plan.node.name] = nodes.told(error)
    else:
        outcomes.reports[plan.node.name] = report
        ears.ended(report)


async def _tick(teller: Teller, listening: Sequence[Ears], clock: Clock) -> None:
    while True:
        await clock.sleep(_TICK)
        teller.tick()
        for ears in listening:
            ears.tick()


class Book:
    """The file of metrics, as it stands after each thing that changes it."""

    def __init__(self, path: Path | None, teller: Teller, clock: Clock) -> None:
        self._file, self._clock = MetricsFile(path, teller.warn), clock
        self._standings: dict[str, Standing] = {}

    def seconds(self) -> float:
        return self._clock.now().timestamp()

    def enter(self, standing: Standing) -> None:
        self._standings[standing.node] = standing
        self._file.write(drain_metrics.text(self._standings.values(), now=self.seconds()))


class Ears:
    """What is heard of one node, passed on to each who wants it."""

    def __init__(
        self, plan: NodePlan, order: Order, teller: Teller, announcer: Announcer, book: Book
    ) -> None:
        self._node, self._note = plan.node, order.note
        self._teller, self._announcer, self._book = teller, announcer, book
        self._codes = {
            one.pod.name: str(one.verdict.code)
            for one in plan.pods
            if one.verdict.outcome is Outcome.WAITS
        }
        self._began = self._got_on = book.seconds()
        self._to_go, self._gone = 0, 0
        self._held: dict[Name, Progress] = {}
        self._stuck = False

    def progress(self, one: Progress) -> None:
        self._teller.progress(one)
        match one.kind:
            case Kind.EXPLAINED:
                self._to_go = one.left
            case Kind.CORDONED | Kind.ALREADY_CORDONED:
                begun = notices.started(self._node.name, self._to_go, self._note)
                self._announcer.announce(self._node, begun)
                self._enter(self._to_go)
            case Kind.HELD if one.pod is not None:
                self._held[one.pod] = one
                self._enter(one.left)
            case Kind.GONE if one.pod is not None:
                self._gone += 1
                self._held.pop(one.pod, None)
                self._got_on, self._stuck = self._book.seconds(), False
                self._enter(one.left)
            case _:
                pass

    def ended(self, report: Report) -> None:
        self._held.clear()
        self._teller.ended(report)
        self._announcer.announce(self._node, notices.ended(report))
        self._book.enter(Standing.at_end(report))

    def tick(self) -> None:
        """That a pod waits its turn is nothing to tell; that nothing gets on is."""
        if self._stuck or not self._held or self._book.seconds() - self._got_on < STUCK:
            return
        self._stuck = True
        self._announcer.announce(self._node, notices.held(next(iter(self._held.values()))))

    def _enter(self, left: int) -> None:
        self._book.enter(
            Standing(
                self._node.name,
                seconds=self._book.seconds() - self._began,
                gone=self._gone,
                left=left,
                held=Counter(self._codes.get(pod, Code.BUDGET_SPENT) for pod in self._held),
            )
        )
