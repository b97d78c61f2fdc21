"""
How a run of maintenance gets on and what it came to.

A person at a terminal sees a row for each host, drawn anew in place, and a table at the end. Everybody
else gets one JSON object on each line; the last one is the report. All of it is text from other hosts,
and on a terminal its control characters are escaped.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from wharfinger.cli import evacuate_output, fleet_output, output
from wharfinger.cli.errors import UsageError
from wharfinger.cli.live import Rows
from wharfinger.cli.options import Format
from wharfinger.cli.output import Column
from wharfinger.cli.terminal import note, sanitized, say
from wharfinger.errors import WharfingerError
from wharfinger.hosts import fleet
from wharfinger.hosts.fleet import HostReport
from wharfinger.maintenance import explain
from wharfinger.maintenance.explain import NodePlan
from wharfinger.maintenance.fleet import report
from wharfinger.maintenance.fleet.host_states import HostState, Step
from wharfinger.maintenance.fleet.waves import WavePlan
from wharfinger.maintenance.node.progress import Kind, Progress
from wharfinger.system import files

Seconds = Callable[[], float]

_READABLE: Final = 0o644
_LIVE: Final = (
    Column("HOST", lambda row: row["host"]),
    Column("NODE", lambda row: row["node"]),
    Column("STATE", lambda row: row["state"]),
    Column("PODS LEFT", lambda row: row["left"]),
    Column("TIME", lambda row: row["time"]),
    Column("WHAT", lambda row: row["what"]),
)
_RECAP: Final = (
    Column("HOST", lambda row: row["host"]),
    Column("NODE", lambda row: row["node"] or "-"),
    Column("STATE", lambda row: row["state"]),
    Column("CHANGES", lambda row: str(row["changes"])),
    Column("COST", lambda row: row["disruption"]),
    Column("DRAINED", lambda row: "yes" if row["drain"] else "no"),
    Column("TIME", lambda row: _time(row["seconds"])),
    Column("WHAT CAME OF IT", lambda row: row["message"] or "-"),
)


class ReportUnwritable(WharfingerError):
    code = "report-unwritable"

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"cannot write the report {path}: {error.strerror}")


class Teller(Protocol):
    """A `Watcher` that also hears that time has passed, and of the end."""

    def host(self, state: HostState, progress: Progress | None = None) -> None: ...

    def note(self, text: str) -> None: ...

    def tick(self) -> None: ...

    def ended(self, document: Mapping[str, Any]) -> None: ...


def teller(form: Format, seconds: Seconds) -> Teller:
    if form is not Format.JSON and sys.stdout.isatty() and sys.stderr.isatty():
        return Table(Rows(sys.stdout), seconds)
    return Objects()


class Objects:
    """One JSON object on each line."""

    def host(self, state: HostState, progress: Progress | None = None) -> None:
        told: dict[str, Any] = {
            "event": "host",
            "host": state.host,
            "node": state.node,
            "state": str(state.step),
            "doing": str(state.doing) if state.doing is not None else None,
            "message": state.message,
        }
        if progress is not None:
            told |= {
                "event": f"pod-{progress.kind}" if progress.pod is not None else str(progress.kind),
                "pod": str(progress.pod) if progress.pod is not None else None,
                "left": progress.left,
                "message": progress.message,
            }
        self._say(told)

    def note(self, text: str) -> None:
        self._say({"event": "note", "message": text})

    def tick(self) -> None: ...

    def ended(self, document: Mapping[str, Any]) -> None:
        self._say({"event": "report", **document})

    def _say(self, told: Mapping[str, Any]) -> None:
        print(json.dumps(told), flush=True)


@dataclass(slots=True)
class _Row:
    state: HostState
    begun: float | None = None
    ended: float | None = None
    left: int | None = None
    held: str = ""


class Table:
    def __init__(self, rows: Rows, seconds: Seconds) -> None:
        self._rows, self._seconds = rows, seconds
        self._hosts: dict[str, _Row] = {}

    def host(self, state: HostState, progress: Progress | None = None) -> None:
        row = self._hosts.setdefault(state.host, _Row(state))
        row.state = state
        if state.doing is not None and row.begun is None:
            row.begun = self._seconds()
        row.ended = self._seconds() if state.step.over else None
        if progress is not None:
            row.left = progress.left
            held = progress.kind is Kind.HELD
            row.held = f"{progress.pod}: {progress.message}" if held else ""
        if state.step is not Step.CORDONED:
            row.held = ""
        self.tick()

    def note(self, text: str) -> None:
        self._rows.above(sanitized(text))
        self.tick()

    def tick(self) -> None:
        shown = [self._shown(row) for row in self._hosts.values()]
        self._rows.draw(output.table(shown, _LIVE).splitlines())

    def ended(self, document: Mapping[str, Any]) -> None:
        self.tick()
        counts = ", ".join(f"{count} {step}" for step, count in document["counts"].items())
        say(sanitized(f"run {document['run']}: {counts}"))

    def _shown(self, row: _Row) -> dict[str, str]:
        state = row.state
        end = row.ended if row.ended is not None else self._seconds()
        doing = state.doing is not None and not state.step.over
        return {
            "host": state.host,
            "node": state.node or "-",
            "state": f"{state.step}, {state.doing}" if doing else str(state.step),
            "left": "-" if row.left is None else str(row.left),
            "time": "-" if row.begun is None else output.duration(end - row.begun),
            "what": row.held or state.message or "-",
        }


def show(document: Mapping[str, Any], form: Format) -> None:
    """What a run came to, or how far it is."""
    if form in (Format.JSON, Format.YAML):
        say(output.documents(document, form))
        return
    at_it = f", under way in process {document['process']}" if document.get("process") else ""
    say(f"run {document['run']}, begun {document['began']}{at_it}")
    say(output.table(document["hosts"], _RECAP))


def show_plan(
    reports: Sequence[HostReport],
    states: Mapping[str, HostState],
    plan: WavePlan,
    evacuations: Sequence[NodePlan],
    form: Format,
) -> None:
    """What would be done with each host, each node and in which order; nothing is."""
    if form in (Format.JSON, Format.YAML):
        document = {
            "hosts": [
                {
                    **fleet.document(one),
                    "node": states[one.name].node,
                    "drain": states[one.name].drain,
                    "why": states[one.name].message,
                }
                for one in reports
            ],
            "nodes": [explain.plan_document(one) for one in evacuations],
            "waves": [{"nodes": list(one.nodes), "reason": one.reason} for one in plan.waves],
            "blocked": [{"node": one.node, "reasons": list(one.reasons)} for one in plan.blocked],
        }
        say(output.documents(document, form))
        return
    fleet_output.show(reports, form, with_changes=True)
    for one in evacuations:
        say(f"\n{evacuate_output.text(one, wide=form is Format.WIDE)}")
    say("")
    for number, wave in enumerate(plan.waves, 1):
        say(sanitized(f"wave {number}: {', '.join(wave.nodes)} ({wave.reason})"))
    for state in states.values():
        if state.step is Step.SKIPPED:
            note(sanitized(f"skipped: {state.host}: {state.message}"))


def check_report_names(paths: Sequence[Path]) -> None:
    for path in paths:
        if path.suffix not in (".md", ".json"):
            raise UsageError(
                f"cannot tell in which form to write {path}", remedy="name it .md or .json"
            )


def write_reports(document: Mapping[str, Any], paths: Sequence[Path]) -> None:
    for path in paths:
        text = (
            report.markdown(document)
            if path.suffix == ".md"
            else f"{json.dumps(document, indent=2)}\n"
        )
        try:
            files.write(path, text.encode(), mode=_READABLE)
        except OSError as error:
            raise ReportUnwritable(path, error) from error


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else output.duration(seconds)
