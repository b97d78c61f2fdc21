"""
How an evacuation gets on, told while it runs.

A person at a terminal sees a row for each node, drawn anew in place. A log, and a script that knows
`kubectl drain`, gets its lines. A program that asked for JSON gets one object on each line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from wharfinger.cli import evacuate_output, output
from wharfinger.cli.live import Rows
from wharfinger.cli.options import Format
from wharfinger.cli.output import Column
from wharfinger.cli.terminal import note, sanitized, say
from wharfinger.maintenance import explain
from wharfinger.maintenance.explain import NodePlan
from wharfinger.maintenance.model import Name
from wharfinger.maintenance.node import notices
from wharfinger.maintenance.node.progress import Kind, Progress, Report, State

Seconds = Callable[[], float]
"""A clock that never goes back."""

_ROW: Final = (
    Column("NODE", lambda row: row["node"]),
    Column("STATE", lambda row: row["state"]),
    Column("PODS LEFT", lambda row: row["left"]),
    Column("HELD", lambda row: row["held"]),
    Column("TIME", lambda row: row["time"]),
    Column("WHAT HOLDS", lambda row: row["why"]),
)
_NOTES: Final = frozenset(
    {Kind.LEFT, Kind.CAME, Kind.SLOW, Kind.REPLACEMENTS, Kind.FAULT, Kind.REOPENED}
)
"""What a person is told beside the lines that `kubectl drain` has."""


class Teller(Protocol):
    def explained(self, plan: NodePlan) -> None: ...

    def progress(self, one: Progress) -> None: ...

    def ended(self, report: Report) -> None: ...

    def warn(self, text: str) -> None: ...

    def tick(self) -> None:
        """Time has passed."""
        ...


def teller(
    form: Format,
    plans: Sequence[NodePlan],
    *,
    deletes: bool = False,
    rehearses: bool = False,
    seconds: Seconds,
) -> Teller:
    """Choose by what was asked for, and by who listens."""
    if form is Format.JSON:
        return Objects()
    if sys.stdout.isatty() and sys.stderr.isatty() and not rehearses:
        return Table(Rows(sys.stdout), [plan.node.name for plan in plans], seconds)
    return Lines(deletes=deletes, rehearses=rehearses)


class Lines:
    """As `kubectl drain` has them."""

    def __init__(self, *, deletes: bool = False, rehearses: bool = False) -> None:
        self._verb = "deleted" if deletes else "evicted"
        self._doing = "deleting" if deletes else "evicting"
        self._mark = " (server dry run)" if rehearses else ""
        self._asked = Kind.ACCEPTED if rehearses else Kind.EVICTING
        self._said: dict[Name | None, str] = {}

    def explained(self, plan: NodePlan) -> None:
        note(f"{evacuate_output.text(plan)}\n")

    def progress(self, one: Progress) -> None:
        match one.kind:
            case Kind.CORDONED:
                say(f"node/{sanitized(one.node)} cordoned")
            case Kind.ALREADY_CORDONED:
                say(f"node/{sanitized(one.node)} already cordoned")
            case self._asked:
                say(f"{self._doing} pod {sanitized(str(one.pod))}{self._mark}")
            case Kind.GONE if one.pod is not None:
                say(f"pod/{sanitized(one.pod.name)} {self._verb}")
            case Kind.HELD:
                self._said[one.pod] = one.message
                note(sanitized(f"pod {one.pod} may not go now: {one.message}"))
            case Kind.LEFT if self._said.get(one.pod) == one.message:
                pass  # said when it was held, and once more at the end
            case kind if kind in _NOTES:
                note(sanitized(_noted(one)))
            case _:
                pass

    def ended(self, report: Report) -> None:
        if report.state is State.EVACUATED:
            say(f"node/{sanitized(report.node)} drained{self._mark}")
        sys.stdout.flush()

    def warn(self, text: str) -> None:
        note(sanitized(f"warning: {text}"))

    def tick(self) -> None: ...


class Objects:
    """One JSON object on each line."""

    def explained(self, plan: NodePlan) -> None:
        self._say(event="plan", **explain.plan_document(plan))

    def progress(self, one: Progress) -> None:
        pod = str(one.pod) if one.pod is not None else None
        self._say(event=str(one.kind), node=one.node, pod=pod, message=one.message, left=one.left)

    def ended(self, report: Report) -> None:
        facts = notices.ended(report).facts
        self._say(event="report", node=report.node, message=report.message, **facts)

    def warn(self, text: str) -> None:
        self._say(event="warning", message=text)

    def tick(self) -> None: ...

    def _say(self, **fields: Any) -> None:
        print(json.dumps(fields), flush=True)


@dataclass(slots=True)
class _Node:
    state: str = "waits its turn"
    left: int | None = None
    begun: float | None = None
    ended: float | None = None
    held: dict[Name, str] = field(default_factory=dict)


class Table:
    """A row for each node. What stays to be read is said above them."""

    def __init__(self, rows: Rows, nodes: Sequence[str], seconds: Seconds) -> None:
        self._rows, self._seconds = rows, seconds
        self._nodes = {name: _Node() for name in nodes}

    def explained(self, plan: NodePlan) -> None:
        self._rows.above(f"{evacuate_output.text(plan)}\n")

    def progress(self, one: Progress) -> None:
        node = self._nodes[one.node]
        if node.begun is None:
            node.begun = self._seconds()
        node.left = one.left
        if one.pod is not None:
            node.held.pop(one.pod, None)
        if one.kind is Kind.HELD and one.pod is not None:
            node.held[one.pod] = one.message
        if one.kind in _NOTES:
            self._rows.above(sanitized(_noted(one)))
        node.state = "held" if node.held and len(node.held) == one.left else _state(one.kind)
        self.tick()

    def ended(self, report: Report) -> None:
        node = self._nodes[report.node]
        node.state, node.left, node.held = str(report.state), len(report.left), {}
        node.ended = self._seconds()
        self.tick()

    def warn(self, text: str) -> None:
        self._rows.above(sanitized(f"warning: {text}"))
        self.tick()

    def tick(self) -> None:
        shown = [self._shown(name, node) for name, node in self._nodes.items()]
        self._rows.draw(output.table(shown, _ROW).splitlines())

    def _shown(self, name: str, node: _Node) -> dict[str, str]:
        end = node.ended if node.ended is not None else self._seconds()
        return {
            "node": name,
            "state": node.state,
            "left": "-" if node.left is None else str(node.left),
            "held": str(len(node.held)),
            "time": "-" if node.begun is None else output.duration(end - node.begun),
            "why": next((f"{pod}: {why}" for pod, why in node.held.items()), "-"),
        }


def _state(kind: Kind) -> str:
    match kind:
        case Kind.EXPLAINED | Kind.CORDONED | Kind.REOPENED:
            return str(kind)
        case Kind.ALREADY_CORDONED:
            return str(Kind.CORDONED)
        case Kind.REPLACEMENTS:
            return "waits for replacements"
        case Kind.FAULT:
            return "no answer"
        case _:
            return str(Kind.EVICTING)


def _noted(one: Progress) -> str:
    about = f"pod {one.pod}: " if one.pod is not None else ""
    return f"node {one.node}: {about}{one.message}"
