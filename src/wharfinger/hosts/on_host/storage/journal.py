"""
What storage orders have done to a host and how far they are: one private folder for each.

    /var/lib/wharfinger-host/storage/000003/order.json      the steps, and what devices they speak of
                                           /state.json      how far it is, what workers have noted
                                           /…               what workers keep: bytes, inventories

`state.json` is written anew, whole and synced, before and after each step. A write that does not
succeed stops the order where it is, so the journal may say that a step was begun and no more, and
never that one was not begun that was. It shares the lock of the journal for files (`on_host.journal`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final

from wharfinger.hosts.on_host import journal as files_journal
from wharfinger.hosts.on_host import states
from wharfinger.hosts.on_host.journal import JournalClosed, JournalUnreadable
from wharfinger.hosts.on_host.storage import steps
from wharfinger.hosts.on_host.storage.errors import JournalUnwritable
from wharfinger.hosts.on_host.storage.outcomes import Ending, StorageOutcome
from wharfinger.hosts.on_host.storage.steps import StorageOrder
from wharfinger.hosts.on_host.storage.work import Notes
from wharfinger.hosts.on_host.tree import Tree

DIRECTORY: Final = f"{files_journal.DIRECTORY}/storage"

_LIMIT: Final = 64 << 20
_ID: Final = re.compile(r"[0-9]{6,}")


class Phase(str, Enum):
    """`RUNNING` and `STOPPED` are gone on with, `UNDOING` is gone back with. The others are endings."""

    RUNNING = "running"
    STOPPED = "stopped"
    UNDOING = "undoing"
    APPLIED = "applied"
    ROLLED_BACK = "rolled back"
    UNDONE = "undone"
    GIVEN_UP = "given up"
    RELEASED = "released"


UNFINISHED: Final = (Phase.RUNNING, Phase.STOPPED, Phase.UNDOING)


@dataclass(frozen=True)
class Entry:
    """One order. Steps before `begun` were begun, steps before `done` are done; going back, `begun`
    falls to `floor`, and the order then is in the phase `after`. `identities` are those of the
    devices it speaks of, by path. `releases` is the order whose kept things this one removes.
    """

    id: str
    time: float
    order: StorageOrder
    identities: Mapping[str, str] = field(default_factory=dict)
    releases: str = ""
    phase: Phase = Phase.RUNNING
    begun: int = 0
    done: int = 0
    floor: int = 0
    after: Phase = Phase.ROLLED_BACK
    notes: Mapping[int, Notes] = field(default_factory=dict)
    trouble: str = ""

    @property
    def unfinished(self) -> bool:
        return self.phase in UNFINISHED

    @property
    def folder(self) -> str:
        return f"{DIRECTORY}/{self.id}"

    def noted(self, index: int, notes: Notes) -> Entry:
        return replace(self, notes={**self.notes, index: notes})

    def outcome(self) -> StorageOutcome:
        killed = self.phase in (Phase.RUNNING, Phase.UNDOING)
        return StorageOutcome(
            self.id,
            Ending.UNFINISHED if killed else Ending(self.phase.value),
            self.time,
            self.order.summary,
            tuple(map(said, self.order.steps)),
            self.done,
            self._proven(),
            self.trouble,
            self.order.keeps if self.phase is Phase.APPLIED else (),
            self.phase is Phase.APPLIED
            and all(step.back is steps.Back.TAKEN_BACK for step in self.order.steps),
        )

    def _proven(self) -> tuple[str, ...]:
        kept = (self.notes[index] for index in sorted(self.notes) if index < self.done)
        return tuple(str(line) for notes in kept for line in notes.get("proven", ()))


def said(step: steps.Step) -> str:
    """A step in words: `extend volume docker/docker-pool`."""
    return f"{steps.name(step)} {steps.subject(step)}"


class Journal:
    """Orders as they were begun, the oldest first. Reading makes nothing on the host."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.locked = files_journal.Journal(tree).locked

    def entries(self) -> list[Entry]:
        found = (self._read(number) for number in self._ids())
        return [entry for entry in found if entry is not None]

    def unfinished(self) -> Entry | None:
        """The order to go on with; there is at most one, unless somebody meddled: then the newest."""
        return next((entry for entry in reversed(self.entries()) if entry.unfinished), None)

    def add(
        self,
        order: StorageOrder,
        time: float,
        *,
        identities: Mapping[str, str] | None = None,
        releases: str = "",
    ) -> Entry:
        """Before anything of the order is begun. Raise `DiskFull` or `NotPrepared`: nothing is."""
        ids = self._ids()
        number = f"{int(ids[-1]) + 1 if ids else 1:06}"
        entry = Entry(number, time, order, identities or {}, releases)
        document = {
            "time": time,
            "order": steps.to_json(order),
            "identities": dict(entry.identities),
            "releases": releases,
        }
        try:
            self._tree.make_private(DIRECTORY)
            self._tree.make_private(entry.folder)
            files_journal.write(self._tree, entry.folder, "order.json", document)
            files_journal.write(self._tree, entry.folder, "state.json", _state_to_json(entry))
        except OSError as error:
            raise states.cannot_write(entry.folder, error) from error
        return entry

    def move(self, entry: Entry, **changes: Any) -> Entry:
        """Write down how far an order is; raise `JournalUnwritable`, and then it says what it said."""
        moved = replace(entry, **changes)
        try:
            files_journal.write(self._tree, entry.folder, "state.json", _state_to_json(moved))
        except OSError as error:
            raise JournalUnwritable(entry.id, entry.folder, error) from error
        return moved

    def end(self, entry: Entry, phase: Phase, **changes: Any) -> StorageOutcome:
        return self.move(entry, phase=phase, **changes).outcome()

    def _ids(self) -> list[str]:
        try:
            files_journal.require_safe(self._tree, DIRECTORY)
            found = [name for name in self._tree.names(DIRECTORY) if _ID.fullmatch(name)]
        except PermissionError:
            raise JournalClosed from None
        return sorted(found, key=int)

    def _read(self, number: str) -> Entry | None:
        """`None` for an order of which nothing was begun: it was killed while it was written down."""
        order = self._tree.read(f"{DIRECTORY}/{number}/order.json", limit=_LIMIT)
        state = self._tree.read(f"{DIRECTORY}/{number}/state.json", limit=_LIMIT)
        if order is None or state is None:
            return None
        try:
            return _entry(number, json.loads(order), json.loads(state))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise JournalUnreadable(f"{DIRECTORY}/{number}") from None


def unfinished_id(tree: Tree) -> str:
    """The order that was begun and did not end, empty for none."""
    entry = Journal(tree).unfinished()
    return "" if entry is None else entry.id


def kept(tree: Tree) -> dict[str, tuple[str, ...]]:
    """What orders have kept of the time before, until it is released."""
    entries = Journal(tree).entries()
    return {
        entry.id: entry.order.keeps
        for entry in entries
        if entry.phase is Phase.APPLIED and entry.order.keeps
    }


def _state_to_json(entry: Entry) -> dict[str, Any]:
    return {
        "phase": entry.phase.value,
        "begun": entry.begun,
        "done": entry.done,
        "floor": entry.floor,
        "after": entry.after.value,
        "notes": {str(index): notes for index, notes in entry.notes.items()},
        "trouble": entry.trouble,
    }


def _entry(number: str, order: Mapping[str, Any], state: Mapping[str, Any]) -> Entry:
    return Entry(
        number,
        float(order["time"]),
        steps.from_json(order["order"]),
        {str(path): str(identity) for path, identity in order["identities"].items()},
        str(order["releases"]),
        Phase(state["phase"]),
        int(state["begun"]),
        int(state["done"]),
        int(state["floor"]),
        Phase(state["after"]),
        {int(index): notes for index, notes in state["notes"].items()},
        str(state["trouble"]),
    )
