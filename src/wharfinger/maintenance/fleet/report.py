"""
What a run of maintenance came to, for people (Markdown) and for programs. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from wharfinger.maintenance.fleet.host_states import HostState, Step
from wharfinger.maintenance.fleet.journal import Run, Span

_ESCAPED: Final = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_|<>[]"} | {"\n": " "})
_HEADINGS: Final = (
    "host",
    "node",
    "state",
    "drained",
    "cost",
    "changes",
    "time",
    "what came of it",
)


def document(run: Run, reason: str = "") -> dict[str, Any]:
    """`reason` is why it ended before all hosts were done, if it did."""
    steps = Counter(str(state.step) for state in run.states.values())
    return {
        "run": run.run,
        "began": run.at,
        "done": all(state.step is Step.DONE for state in run.states.values()),
        "reason": reason,
        "asked": dict(run.asked),
        "counts": dict(sorted(steps.items())),
        "hosts": [_host(state, run.spans.get(name, Span())) for name, state in run.states.items()],
    }


def _host(state: HostState, span: Span) -> dict[str, Any]:
    return {
        "host": state.host,
        "node": state.node,
        "state": str(state.step),
        "doing": str(state.doing) if state.doing is not None and not state.step.over else None,
        "disruption": str(state.disruption),
        "changes": state.changes,
        "drain": state.drain,
        "cordoned": state.cordoned,
        "began": span.begun or None,
        "seconds": _seconds(span),
        "message": state.message,
    }


def _seconds(span: Span) -> float | None:
    if not span.begun:
        return None
    return (datetime.fromisoformat(span.last) - datetime.fromisoformat(span.begun)).total_seconds()


def markdown(found: Mapping[str, Any]) -> str:
    """The same as `document`, to be read by a person."""
    hosts = found["hosts"]
    counts = ", ".join(f"{count} {step}" for step, count in found["counts"].items())
    lines = [
        f"# Maintenance {found['run']}",
        "",
        f"Began {found['began']}. {_sentence(found)} Hosts: {counts or 'none'}.",
        "",
        f"| {' | '.join(_HEADINGS)} |",
        f"|{'---|' * len(_HEADINGS)}",
        *(f"| {' | '.join(_cells(host))} |" for host in hosts),
    ]
    closed = [host for host in hosts if host["cordoned"]]
    if closed:
        lines += ["", "Nodes that may still have a cordon of this run:", ""]
        lines += [f"- {_text(host['node'])} (host {_text(host['host'])})" for host in closed]
    return "\n".join(lines) + "\n"


def _sentence(found: Mapping[str, Any]) -> str:
    if found["done"]:
        return "All is done."
    return f"It is not done: {_text(found['reason'])}." if found["reason"] else "It is not done."


def _cells(host: Mapping[str, Any]) -> list[str]:
    seconds = host["seconds"]
    return [
        _text(host["host"]),
        _text(host["node"]) or "-",
        host["state"],
        "yes" if host["drain"] else "no",
        host["disruption"],
        str(host["changes"]),
        "-" if seconds is None else f"{seconds:.0f} s",
        _text(host["message"]) or "-",
    ]


def _text(text: str) -> str:
    """Words of others, so that they are words and not a table or a link."""
    return "".join(sign if sign.isprintable() else " " for sign in text).translate(_ESCAPED)
