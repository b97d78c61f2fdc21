"""
The journal of a run, as text: what was asked, then each event, a JSON object on a line of its own.

    {"run": RUN, "at": TIME, "asked": {...}}
    {"at": TIME, "event": "begun", "host": "one", "work": "apply"}

A line is written and synced before what it announces is begun, so a run that was killed is known up to
the step that it was in. A last line without its end was cut off by the kill, and what it would have
announced was not begun. Pure: `cli/maintain_journal.py` keeps the files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, NamedTuple, Protocol

from wharfinger.errors import BadInput
from wharfinger.hosts.on_host.changes import Disruption
from wharfinger.maintenance.fleet import host_states
from wharfinger.maintenance.fleet.host_states import (
    Begun,
    Event,
    Explained,
    Failed,
    HostState,
    ImpossibleStep,
    Opened,
    Reached,
    Retried,
    Skipped,
    Step,
    Work,
)

_EVENTS: Final[Mapping[str, type[Event]]] = {
    "explained": Explained,
    "begun": Begun,
    "reached": Reached,
    "opened": Opened,
    "failed": Failed,
    "skipped": Skipped,
    "retried": Retried,
}
_NAMES: Final = {kind: name for name, kind in _EVENTS.items()}
_READERS: Final[Mapping[str, Any]] = {
    "disruption": lambda word: Disruption[word.upper()],
    "step": Step,
    "work": Work,
}


class InvalidJournal(BadInput):
    code = "invalid-journal"

    def __init__(self, number: int, why: str) -> None:
        super().__init__(
            f"cannot read line {number} of the journal: {why}",
            remedy="look at it; what it says of hosts that are done can be done again by a new run",
        )


class Journal(Protocol):
    def write(self, event: Event) -> None:
        """Keep an event, synced: when this returns, it is known also after a kill."""
        ...


class Span(NamedTuple):
    """From when to when something was done with a host, in RFC 3339; "" if nothing was."""

    begun: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """What a journal says: the run's id, when it began, what was asked, and what has happened."""

    run: str
    at: str
    asked: Mapping[str, Any]
    states: Mapping[str, HostState] = field(default_factory=dict)
    spans: Mapping[str, Span] = field(default_factory=dict)


def head(run: str, at: str, asked: Mapping[str, Any]) -> str:
    return json.dumps({"run": run, "at": at, "asked": asked}) + "\n"


def line(event: Event, at: str) -> str:
    values = {
        name: str(value) if name in _READERS else value for name, value in asdict(event).items()
    }
    return json.dumps({"at": at, "event": _NAMES[type(event)], **values}) + "\n"


def read(text: str) -> Run:
    """Read a whole journal. Raise `InvalidJournal` where it is none of ours."""
    whole = text[: text.rfind("\n") + 1].splitlines()
    if not whole:
        raise InvalidJournal(1, "it has no beginning")
    first = _object(1, whole[0])
    try:
        found = Run(first["run"], first["at"], first["asked"])
    except KeyError as error:
        raise InvalidJournal(1, f"it lacks {error}") from error
    return _happened(found, whole[1:])


def _happened(run: Run, lines: Iterable[str]) -> Run:
    states: dict[str, HostState] = {}
    spans: dict[str, Span] = {}
    for number, text in enumerate(lines, 2):
        at, event = _event(number, _object(number, text))
        host = event.host
        try:
            states[host] = host_states.after(states.get(host, HostState(host)), event)
        except ImpossibleStep as error:
            raise InvalidJournal(number, str(error)) from error
        span = spans.get(host, Span())
        if isinstance(event, Begun) or span.begun:
            spans[host] = Span(span.begun or at, at)
    return replace(run, states=states, spans=spans)


def _event(number: int, document: dict[str, Any]) -> tuple[str, Event]:
    try:
        kind = _EVENTS[document.pop("event")]
        at = document.pop("at")
        values = {
            name: _READERS[name](value) if name in _READERS else value
            for name, value in document.items()
        }
        return at, kind(**values)
    except (KeyError, ValueError, TypeError) as error:
        raise InvalidJournal(number, f"it is no event ({error})") from error


def _object(number: int, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InvalidJournal(number, "it is not JSON") from error
    if not isinstance(found, dict):
        raise InvalidJournal(number, "it is no object")
    return found
