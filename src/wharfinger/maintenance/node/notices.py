"""
What those hear of an evacuation who do not watch it: at its start, when pods are held, at its end.

Pure: what becomes an Event on the node and the body of a webhook. `announcing.py` sends them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from wharfinger.maintenance.cordon import Note
from wharfinger.maintenance.node.progress import Progress, Report, State

_REASONS: Final = {
    State.EVACUATED: "EvacuationDone",
    State.BLOCKED: "EvacuationBlocked",
    State.TIMED_OUT: "EvacuationTimedOut",
    State.STOPPED: "EvacuationStopped",
    State.FAILED: "EvacuationFailed",
}
_NAMED: Final = 5
"""Of more pods than these the rest is a number: an Event has room for a kilobyte."""


class Stage(StrEnum):
    STARTED = "started"
    HELD = "held"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Notice:
    stage: Stage
    node: str
    reason: str
    """One word, as an Event wants it."""
    message: str
    warning: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What a program gets beside the message."""


def started(node: str, pods: int, note: Note) -> Notice:
    """So many pods are to go."""
    count = "1 pod" if pods == 1 else f"{pods} pods"
    message = f"{note.by} evacuates it: {note.why}; {count} to go"
    facts = {"by": note.by, "why": note.why, "run": note.run, "pods": pods}
    return Notice(Stage.STARTED, node, "EvacuationStarted", message, facts=facts)


def held(progress: Progress) -> Notice:
    """A pod that may not go now, as the cluster says it."""
    message = f"pod {progress.pod} may not go now: {progress.message}"
    facts = {"pod": str(progress.pod), "left": progress.left}
    return Notice(Stage.HELD, progress.node, "EvacuationHeld", message, warning=True, facts=facts)


def ended(report: Report) -> Notice:
    names = [str(one.pod.name) for one in report.left]
    message = f"{report.message}; left: {_named(names)}" if names else report.message
    facts = {
        "state": str(report.state),
        "seconds": round(report.seconds, 3),
        "gone": len(report.gone),
        "cordoned": report.cordoned,
        "left": [
            {
                "pod": str(one.pod.name),
                "code": str(one.verdict.code),
                "reason": one.verdict.reason,
                "remedy": one.verdict.remedy,
            }
            for one in report.left
        ],
    }
    warning = report.state is not State.EVACUATED
    return Notice(Stage.ENDED, report.node, _REASONS[report.state], message, warning, facts)


def document(notice: Notice, *, server: str, at: datetime) -> dict[str, Any]:
    """The body of a webhook. `text` is the field that chat servers show as it is."""
    return {
        "text": f"node {notice.node}: {notice.message}",
        "stage": str(notice.stage),
        "node": notice.node,
        "reason": notice.reason,
        "warning": notice.warning,
        "server": server,
        "at": at.isoformat(timespec="seconds"),
        **notice.facts,
    }


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown
