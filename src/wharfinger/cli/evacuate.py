"""
`wharf evacuate`, also `kubectl evacuate` and `wharf adm drain`: explain, then empty nodes of their pods.

Flags, defaults and lines are those of `kubectl drain`. What it leaves unsaid comes first: what becomes
of each pod and why, which data is lost, which budget decides, and what stands against it.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cyclopts import Group, Parameter

from wharfinger.cli import (
    evacuate_output,
    evacuate_progress,
    evacuate_run,
    exit_codes,
    nodes,
    partly,
)
from wharfinger.cli.cordon import Selector
from wharfinger.cli.errors import Blocked, TimedOut, UsageError
from wharfinger.cli.evacuate_options import DRAIN, TELLING, Drain, DryRun, Telling
from wharfinger.cli.evacuate_progress import Teller
from wharfinger.cli.evacuate_run import Order, Outcomes
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.cli.options import CONNECTION, OUTPUT, Connection, Flag, Format, Output, Text
from wharfinger.cli.terminal import note, sanitized
from wharfinger.errors import WharfingerError
from wharfinger.maintenance.explain import NodePlan
from wharfinger.maintenance.kube.api import KubeApi
from wharfinger.maintenance.node.announcing import Announcer
from wharfinger.maintenance.node.progress import Reopen, Report, State
from wharfinger.maintenance.node.webhook import Webhook
from wharfinger.maintenance.options import Options
from wharfinger.system import signals
from wharfinger.system.clock import SystemClock

WAYS_GROUP: Final = Group("Options of wharf", sort_key=5)
_CLOCK: Final = SystemClock()


@Parameter(name="*", group=WAYS_GROUP)
@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What `kubectl drain` does not have."""

    plan: Flag = False
    """Only explain, and change nothing; this needs no right to write."""

    wait_replacements: Flag = False
    """Be done only when all that was evicted is ready elsewhere."""

    once: Flag = False
    """Ask for each eviction once, and leave what a budget does not let go now."""

    max_unavailable: int = 1
    """How many nodes to empty at a time; each is closed when its turn comes."""

    reason: Text = ""
    """Why, for whoever finds the node closed."""

    uncordon_on_failure: Flag = False
    """Open a node again that could not be emptied, unless somebody else had closed it."""


WAYS: Final = Ways()


class NodeBlocked(Blocked):
    code = "node-blocked"

    def __init__(self, report: Report) -> None:
        super().__init__(f"cannot evacuate node {report.node!r}: {report.message}")
        self.details = tuple(evacuate_output.by_cause(report.left))


class NodeTimedOut(TimedOut):
    code = "node-timed-out"

    def __init__(self, report: Report, seconds: float) -> None:
        super().__init__(f"node {report.node!r} to be empty", seconds)
        self.details = (report.message, *evacuate_output.by_cause(report.left))


class NodeFailed(WharfingerError):
    code = "node-failed"

    def __init__(self, report: Report) -> None:
        super().__init__(f"cannot evacuate node {report.node!r}: {report.message}")
        self.details = tuple(evacuate_output.by_cause(report.left))


def evacuate(
    *names: str,
    selector: Selector = "",
    ways: Ways = WAYS,
    drain: Drain = DRAIN,
    telling: Telling = TELLING,
    connection: Connection = CONNECTION,
    form: Output = OUTPUT,
) -> int | None:
    """Close nodes to new pods and evict those that are there, as fast as budgets allow.

    Parameters
    ----------
    names
        The nodes.
    selector
        All nodes with these labels instead.
    """
    nodes.require(names, selector)
    if ways.max_unavailable < 1:
        raise UsageError("cannot empty fewer than one node at a time")
    only_plan = ways.plan or drain.dry is DryRun.CLIENT
    if not only_plan and form.format in (Format.YAML, Format.NAME):
        raise UsageError(
            f"cannot tell an evacuation as {form.format}", remedy="-o json gives an object per line"
        )
    options = drain.options(wait_replacements=ways.wait_replacements, once=ways.once)
    asked = Asked(names, selector, options, ways, telling, connection, form.format)
    if only_plan:
        return asyncio.run(_plan(asked))
    if drain.dry is DryRun.SERVER:
        return conclude(asyncio.run(_rehearse(asked)), asked)
    return conclude(asyncio.run(_run(asked)), asked)


@dataclass(frozen=True, slots=True)
class Asked:
    names: Sequence[str]
    selector: str
    options: Options
    ways: Ways
    telling: Telling
    connection: Connection
    form: Format


async def _plan(asked: Asked) -> int:
    async with nodes.connected(asked.connection) as api:
        plans = await _explained(api, asked)
    evacuate_output.show(plans, asked.form)
    held = any(evacuate_output.obstacles(plan) for plan in plans)
    return ExitCode.BLOCKED if held else ExitCode.OK


async def _explained(api: KubeApi, asked: Asked) -> list[NodePlan]:
    chosen = await nodes.chosen(api, asked.names, asked.selector)
    return await evacuate_run.explained(api, chosen, asked.options, clock=_CLOCK)


async def _rehearse(asked: Asked) -> Outcomes:
    async with nodes.connected(asked.connection) as api:
        plans = await _explained(api, asked)
        teller = _teller(asked, plans, rehearses=True)
        for plan in plans:
            teller.explained(plan)
        return await evacuate_run.rehearse(api, plans, asked.options, teller=teller, clock=_CLOCK)


async def _run(asked: Asked) -> Outcomes:
    webhook = Webhook(asked.telling.webhook) if asked.telling.webhook is not None else None
    order = Order(
        options=asked.options,
        note=nodes.note(asked.ways.reason or "wharf evacuate"),
        at_once=asked.ways.max_unavailable,
        reopen=Reopen.ALWAYS if asked.ways.uncordon_on_failure else Reopen.UNTOUCHED,
    )
    async with nodes.connected(asked.connection) as api:
        plans = await _explained(api, asked)
        teller = _teller(asked, plans)
        for plan in plans:
            teller.explained(plan)
        with signals.ending(asyncio.get_running_loop()) as stop:
            async with Announcer(
                api,
                events=asked.telling.events,
                webhook=webhook,
                warn=teller.warn,
                now=_CLOCK.now,
            ) as announcer:
                return await evacuate_run.run(
                    api,
                    plans,
                    order,
                    teller=teller,
                    announcer=announcer,
                    metrics=asked.telling.metrics,
                    stop=stop,
                    clock=_CLOCK,
                )


def _teller(asked: Asked, plans: Sequence[NodePlan], *, rehearses: bool = False) -> Teller:
    return evacuate_progress.teller(
        asked.form,
        plans,
        deletes=asked.options.disable_eviction,
        rehearses=rehearses,
        seconds=time.monotonic,
    )


def conclude(outcomes: Outcomes, asked: Asked) -> int | None:
    stopped = [one for one in outcomes.reports.values() if one.state is State.STOPPED]
    if stopped or outcomes.not_begun:
        for report in stopped:
            note(sanitized(f"node {report.node}: {report.message}"))
        for name in outcomes.not_begun:
            note(sanitized(f"node {name}: not begun"))
        return exit_codes.of_signal(signal.SIGINT)
    failures = [
        *outcomes.failures.values(),
        *(
            _failure(report, asked.options.timeout)
            for report in outcomes.reports.values()
            if report.state is not State.EVACUATED
        ),
    ]
    partly.conclude(failures, len(outcomes.failures) + len(outcomes.reports), asked.connection)
    return None


def _failure(report: Report, timeout: float) -> WharfingerError:
    match report.state:
        case State.BLOCKED:
            return NodeBlocked(report)
        case State.TIMED_OUT:
            return NodeTimedOut(report, timeout)
        case _:
            return NodeFailed(report)
