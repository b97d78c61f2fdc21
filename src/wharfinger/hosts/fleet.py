"""
A fleet: the play that Ansible is to run, and what came of each host.

Inventories, connections, vaults and batches are Ansible's. What a host needs is decided by the
collection `wharfinger.site` (in `ansible/`), by the same code as for one host. Its callback `fleet`
tells us with lines of JSON:

    {"hosts": [NAME, ...]}                           all that the play is for, before each batch
    {"host": NAME, "state": STATE, "result": {...}}  what came of one

Pure: `cli/fleet.py` starts Ansible and reads its lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from wharfinger.errors import BadInput
from wharfinger.hosts.on_host.changes import Disruption

_BATCH: Final = re.compile(r"([1-9][0-9]{0,5})(%?)")


class InvalidBatch(BadInput):
    code = "invalid-batch"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"cannot take {text!r} as the size of a batch",
            remedy="write a number of hosts (5) or a share of them (25%)",
        )
        self.text = text


@dataclass(frozen=True, slots=True)
class Batch:
    """How many hosts at a time: a number of them, or a share in percent."""

    size: int
    percent: bool = False

    @classmethod
    def parse(cls, text: str) -> Batch:
        match = _BATCH.fullmatch(text)
        if match is None or (match[2] and int(match[1]) > 100):
            raise InvalidBatch(text)
        return cls(int(match[1]), bool(match[2]))

    def __str__(self) -> str:
        return f"{self.size}{'%' if self.percent else ''}"


ALL_AT_ONCE: Final = Batch(100, percent=True)


def play(site: Path, *, check: bool, disruption: Disruption, batch: Batch = ALL_AT_ONCE) -> str:
    """The playbook, as YAML. A host that fails lets its batch end and keeps the next from starting."""
    return f"""\
- name: Wharfinger
  hosts: all
  gather_facts: false
  serial: {json.dumps(str(batch))}
  any_errors_fatal: true
  tasks:
    - name: Registries and trust
      check_mode: {json.dumps(check)}
      diff: true
      wharfinger.site.host:
        site: !unsafe {json.dumps(str(site))}
        disruption: {disruption}
"""


class State(StrEnum):
    OK = "ok"
    CHANGED = "changed"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    NOT_TRIED = "not tried"

    @property
    def good(self) -> bool:
        return self in (State.OK, State.CHANGED)

    @property
    def bad(self) -> bool:
        return self in (State.FAILED, State.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class HostReport:
    """`result` is what the module of the collection returned."""

    name: str
    state: State = State.NOT_TRIED
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def trouble(self) -> str:
        """Why a host failed, empty for others."""
        return str(self.result.get("msg", "")).strip() if self.state.bad else ""


Event = tuple[HostReport, ...]


def event(line: str) -> Event | None:
    """What a line tells of hosts; `None` if it is not one of our callback's."""
    try:
        document = json.loads(line)
    except ValueError:
        return None
    match document:
        case {"hosts": [*names]}:
            return tuple(HostReport(str(name)) for name in names)
        case {"host": str(name), "state": str(state), "result": dict(result)}:
            return (HostReport(name, State(state), result),)
    return None


def recap(events: Iterable[Event]) -> tuple[HostReport, ...]:
    """The last that was told of each host, in the order of the inventory."""
    reports: dict[str, HostReport] = {}
    for report in (report for told in events for report in told):
        if report.name not in reports or report.state is not State.NOT_TRIED:
            reports[report.name] = report
    return tuple(reports.values())


def document(report: HostReport) -> dict[str, Any]:
    """A report as a program gets it: each change with its diff."""
    diffs = [diff["prepared"] for diff in report.result.get("diff", ())]
    changes = report.result.get("changes", ())
    return {
        "host": report.name,
        "state": str(report.state),
        "trouble": report.trouble,
        "disruption": report.result.get("disruption", ""),
        "changes": [{**change, "diff": diff} for change, diff in zip(changes, diffs, strict=True)],
        "actions": report.result.get("actions", []),
        "limits": report.result.get("limits", []),
        "outcome": report.result.get("outcome"),
    }
